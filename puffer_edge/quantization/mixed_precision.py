"""Which layers need more bits: each layer's share of the error, and schemes chosen by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import UsageError
from puffer_edge.ir import Program
from puffer_edge.quantization.agreement import Agreement, Limits, agreement_of, outputs
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.quantize import quantize, rule_of
from puffer_edge.quantization.recording import Recording
from puffer_edge.quantization.schemes import SCHEMES, Scheme

STEPS = 500
"""Steps that a layer's share of the error is measured over."""


@dataclass(frozen=True)
class MixedPrecision:
    """What is needed to try schemes on a policy.

    Attributes:
        program: the optimised float Program.
        original: as the front end made it, what the error is measured against.
        calibration: of ``program``.
        recording: the steps that it was calibrated with; the held-back half stays out of this.
        reference: the raw outputs of ``original`` over them, [T, width].
    """

    program: Program
    original: Program
    calibration: Calibration
    recording: Recording
    reference: npt.NDArray[np.float64]

    def layers(self) -> list[str]:
        """Names of the layers that have weights, in order."""
        found = [op.layer for op in self.program.ops
                 if op.layer and rule_of(op).starts]
        return list(dict.fromkeys(found))

    def named(self, wanted: Mapping[str, str]) -> dict[str, Scheme]:
        """Schemes by full layer name; a name may be given by its last part, as ``decoder``.

        Raises:
            UsageError: no layer, or more than one, has that name; or no scheme has.
        """
        known, chosen = self.layers(), {}
        for name, scheme in wanted.items():
            found = [layer for layer in known if layer == name] or [
                layer for layer in known if layer.endswith(f".{name}")]
            if len(found) != 1:
                raise UsageError(f"{len(found) or 'no'} layers have the name {name!r}",
                                 hint=f"the layers are {', '.join(known)}")
            if scheme not in SCHEMES:
                raise UsageError(f"a layer cannot have the scheme {scheme!r}",
                                 hint=f"choose one of {', '.join(SCHEMES)}")
            chosen[found[0]] = SCHEMES[scheme]
        return chosen

    def agreement(self, scheme: Scheme, layers: Mapping[str, Scheme], steps: int = 0,
                  limits: Limits | None = None) -> Agreement:
        """How the policy acts with these schemes, over the calibration's steps or some of them."""
        steps = steps or len(self.reference)
        part = Recording(self.recording.observations[:steps], self.recording.reset[:steps])
        integers = quantize(self.program, self.calibration, scheme, layers)
        qparams = integers.values[integers.outputs[0]].quantization
        return agreement_of(
            self.reference[:steps], outputs(integers, part), self.original.contract.action, limits,
            qparams.scale if qparams else 0.0)

    def shares(self, schemes: Mapping[str, Scheme]) -> dict[str, float]:
        """Mean error of the action with one layer in its scheme and all others in int16."""
        return {layer: self.agreement(SCHEMES["int16"], {layer: scheme}, STEPS).mean_error
                for layer, scheme in schemes.items()}

    def automatic(self, min_agreement: float,
                  progress: Callable[[str], None] = lambda text: None) -> dict[str, Scheme]:
        """The smallest schemes that act like the float policy: int8, and int16 where it must be.

        The layer with the largest error per weight gets int16 first. What is enough is what
        ``verify`` will ask for: of choices the share that is given and little margin lost, of a
        continuous action the mean and the 99th percentile of its error for these schemes, and that
        nothing stands still. The figures themselves decide, not their intervals: the half that is
        held back is the judge.

        Raises:
            UsageError: not even int16 everywhere does; it says what fails, and what would pass.
        """
        layers = self.layers()
        chosen = {layer: SCHEMES["int8"] for layer in layers}
        progress("measuring what each layer adds to the error")
        shares = self.shares(chosen)
        sizes = {layer: max(1, self._weights(layer)) for layer in layers}
        order = sorted(layers, key=lambda layer: -shares[layer] / sizes[layer])
        for layer in [*order, None]:
            limits = Limits.of((scheme.name for scheme in chosen.values()), min_agreement)
            agreement = self.agreement(SCHEMES["int8"], chosen, limits=limits)
            wrong = [figure for figure in agreement.figures if (
                figure.value < figure.limit if figure.least else figure.value > figure.limit)]
            if not wrong and not agreement.still:
                return chosen
            if layer is not None:
                progress(f"giving {layer} 16 bits")
                chosen[layer] = SCHEMES["int16"]
        failing = [f"output {element} is constant" for element in agreement.still] + [
            f"{figure.name} is {figure.value:.2%}, at {'least' if figure.least else 'most'} "
            f"{figure.limit:.2%} is wanted" for figure in wrong]
        raise UsageError(
            f"even int16 is not enough: {'; '.join(failing)}" + "".join(
                f"; the layer {layer} adds most" for layer in order[:1]),
            hint=self._nearest(agreement) + "--scheme float16 halves the flash and needs no "
                 "calibration; more steps to calibrate with may help, too")

    @staticmethod
    def _nearest(agreement: Agreement) -> str:
        """What would pass, of the integers."""
        if agreement.share is None:
            return (f"--scheme int16 comes to a mean error of {agreement.mean_error:.2%}, which "
                    f"verify accepts with --max-error {agreement.mean_error * 1.1:.2g}; ")
        return (f"--scheme int16 passes with --min-agreement "
                f"{np.floor(agreement.share * 100) / 100:.2f}; ")

    def _weights(self, layer: str) -> int:
        return sum(int(self.program.constants[name].size) for op in self.program.ops
                   if op.layer == layer for name in op.operands if name in self.program.constants)
