# SPDX-License-Identifier: MIT
"""Which layers need more bits: each layer's share of the error, and schemes chosen by it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import UsageError
from puffer_edge.ir import Head, Hybrid, Program
from puffer_edge.progress import Tell, nobody, through
from puffer_edge.quantization.agreement import (
    AGREEMENT,
    Agreement,
    Limits,
    agreement_of,
    outputs,
    scales,
)
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.gptq import Rounding
from puffer_edge.quantization.quantize import quantize, rule_of
from puffer_edge.quantization.recording import Recording
from puffer_edge.quantization.schemes import OBSERVATION, SCHEMES, Scheme

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
        measure: what errors of a continuous action are relative to, see ``agreement.measure_of``.
        rounding: of weights.
    """

    program: Program
    original: Program
    calibration: Calibration
    recording: Recording
    reference: npt.NDArray[np.float64]
    measure: npt.NDArray[np.float64] | None = None
    rounding: Rounding = field(default_factory=Rounding)

    def layers(self) -> list[str]:
        """Names of the layers that have weights, in order."""
        found = [op.layer for op in self.program.ops
                 if op.layer and rule_of(op).starts]
        return list(dict.fromkeys(found))

    def named(self, wanted: Mapping[str, str]) -> dict[str, Scheme]:
        """Schemes by full layer name; a name may be given by its last part, as ``decoder``.

        ``observation`` is the policy's observation where no layer is called so.

        Raises:
            UsageError: no layer, or more than one, has that name; or no scheme has.
        """
        known, chosen = self.layers(), {}
        for name, scheme in wanted.items():
            found = [layer for layer in known if layer == name] or [
                layer for layer in known if layer.endswith(f".{name}")]
            if name == OBSERVATION and not found:
                found = [OBSERVATION]
            if len(found) != 1:
                raise UsageError(f"{len(found) or 'no'} layers have the name {name!r}",
                                 hint=f"the layers are {', '.join(known)}")
            if scheme not in SCHEMES:
                raise UsageError(f"a layer cannot have the scheme {scheme!r}",
                                 hint=f"choose one of {', '.join(SCHEMES)}")
            chosen[found[0]] = SCHEMES[scheme]
        return chosen

    def quantized(self, scheme: Scheme, layers: Mapping[str, Scheme]) -> Program:
        """The integer Program with these schemes; what was rounded once stays."""
        return quantize(self.program, self.calibration, scheme, layers, self.rounding)

    def agreement(self, scheme: Scheme, layers: Mapping[str, Scheme], steps: int = 0,
                  limits: Limits | None = None) -> Agreement:
        """How the policy acts with these schemes, over the calibration's steps or some of them."""
        return self._trial(scheme, layers, steps).agreement(limits)

    def shares(self, schemes: Mapping[str, Scheme], progress: Tell = nobody) -> dict[str, float]:
        """Mean error of the action with one layer in its scheme and all others in int16."""
        layers = through([*schemes.items()], "measuring what each layer adds", progress)
        return {layer: self.agreement(SCHEMES["int16"], {layer: scheme}, STEPS).mean_error
                for layer, scheme in layers}

    def automatic(self, min_agreement: float = AGREEMENT,
                  progress: Callable[[str], None] = lambda text: None,
                  given: Mapping[str, Scheme] | None = None) -> dict[str, Scheme]:
        """The smallest schemes that act like the float policy: int8, and int16 where it must be.

        The layer with the largest error per weight gets int16 first. What is enough is what
        ``verify`` will ask of the half that is held back: every figure within its limit, with its
        whole interval. Where the recording is too short for any schemes to reach that, the first
        whose figures themselves are.

        Args:
            min_agreement: of choices; the margin that may be lost follows from it.
            progress: is told what is being done.
            given: schemes of layers that keep them.

        Raises:
            UsageError: not even int16 everywhere does; it says what fails, and what would pass.
        """
        layers = self.layers()
        chosen = dict.fromkeys(layers, SCHEMES["int8"]) | dict(given or {})
        progress("measuring what each layer adds to the error")
        shares = self.shares(chosen)
        sizes = {layer: max(1, self._weights(layer)) for layer in layers}
        order = sorted((layer for layer in layers if layer not in (given or {})),
                       key=lambda layer: -shares[layer] / sizes[layer])
        undecided: dict[str, Scheme] = {}
        for layer in [*order, None]:
            trial = self._trial(SCHEMES["int8"], chosen)
            limits = Limits.of((scheme.name for scheme in chosen.values()), min_agreement)
            agreement = trial.agreement(limits)
            if agreement.verdict == "passed":
                return chosen
            if not undecided and not agreement.failing:
                undecided = dict(chosen)
            if layer is not None:
                progress(f"giving {layer} 16 bits")
                chosen[layer] = SCHEMES["int16"]
        if undecided:
            return undecided
        raise UsageError(
            f"even int16 is not enough: {'; '.join(agreement.failing)}" + "".join(
                f"; the layer {layer} adds most" for layer in order[:1]),
            hint=_nearest(trial, limits) + "--scheme float16 halves the flash and needs no "
                 "calibration; more steps to calibrate with may help, too")

    def _trial(self, scheme: Scheme, layers: Mapping[str, Scheme], steps: int = 0) -> _Trial:
        steps = steps or len(self.reference)
        part = Recording(self.recording.observations[:steps], self.recording.reset[:steps])
        integers = self.quantized(scheme, layers)
        return _Trial(self.reference[:steps], outputs(integers, part),
                      self.original.contract.action, scales(integers), self.measure)

    def _weights(self, layer: str) -> int:
        return sum(int(self.program.constants[name].size) for op in self.program.ops
                   if op.layer == layer for name in op.operands if name in self.program.constants)


@dataclass(frozen=True)
class _Trial:
    """What a policy with some schemes did, to be compared by limits; see ``agreement_of``."""

    reference: npt.NDArray[np.float64]
    ours: npt.NDArray[np.float64]
    action: Head | Hybrid
    scales: tuple[float, ...]
    measure: npt.NDArray[np.float64] | None

    def agreement(self, limits: Limits | None) -> Agreement:
        return agreement_of(self.reference, self.ours, self.action, limits, self.scales,
                            self.measure)


def _nearest(trial: _Trial, limits: Limits) -> str:
    """What ``verify`` has to be told so that int16 passes; empty where that does not help."""
    if trial.agreement(limits).still:
        return ""
    options = []
    for percent in range(int(100 * min(limits.agreement, 1.0)), -1, -1):
        if not trial.agreement(Limits(percent / 100, math.inf, math.inf)).failing:
            if percent < 100 * limits.agreement:
                options.append(f"--min-agreement {percent / 100:g}")
            break
    failing = [figure for figure in trial.agreement(replace(limits, agreement=0.0)).figures
               if figure.crossed]
    if failing:
        factor = max(figure.value / figure.limit for figure in failing)
        options.append(f"--max-error {math.ceil(1000 * limits.mean * factor) / 1000:g}")
    return f"--scheme int16 passes verify with {' and '.join(options)}; " if options else ""
