# SPDX-License-Identifier: MIT
"""The integers of the artefact while its policy is still being trained.

Nothing is imitated: the quantiser makes an integer Program of the present weights, its ops' own
``evaluate`` compute a batch, and what they give takes the place of the float numbers. Gradients
pass as if nothing had been rounded (straight-through: Bengio et al., 2013), but not where a number
is cut off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.fitting.candidate import Candidate
from puffer_edge.fitting.lanes import evaluate
from puffer_edge.ir import Program, Quantization
from puffer_edge.quantization.gptq import Rounding
from puffer_edge.quantization.mixed_precision import MixedPrecision
from puffer_edge.quantization.pipeline import Wish, calibrated
from puffer_edge.quantization.recording import Recording
from puffer_edge.quantization.schemes import SCHEMES, find_scheme


class FakeQuantization:
    """Makes integers of a float policy's values.

    Args:
        candidate: its scheme and those of its layers.
        recording: whose first half calibrates, as when the artefact is exported.
    """

    def __init__(self, candidate: Candidate, recording: Recording) -> None:
        self._wish = Wish(candidate.scheme, recording, dict(candidate.layers))
        self._scheme = find_scheme(candidate.scheme)
        self._seen, _ = recording.halves()
        self._ranges: Any = None
        self._layers: Any = {}
        self.integers: Program | None = None

    def calibrate(self, program: Program) -> None:
        """Takes the ranges of the values from the present weights."""
        prepared, self._ranges = calibrated(program, self._seen, self._wish, self._scheme)
        self._separated = prepared.ops != program.ops
        chooser = MixedPrecision(prepared, program, self._ranges, self._seen, np.zeros((0, 0)),
                                 rounding=Rounding(nearest=True))
        self._layers = {name: SCHEMES[scheme.name]
                        for name, scheme in chooser.named(self._wish.layers).items()}

    def requantize(self, program: Program) -> None:
        """Makes the integer Program of the present weights, within the ranges."""
        from puffer_edge.quantization.quantize import quantize

        if self._separated:  # outlier channels are found again, as their weights have changed
            program, self._ranges = calibrated(program, self._seen, self._wish, self._scheme)
        self.integers = quantize(program, self._ranges, self._scheme, self._layers,
                                 Rounding(nearest=True))

    def initial(self, count: int) -> dict[str, Array]:
        """The integer states of so many lanes after a reset."""
        assert self.integers is not None
        return {state.input: np.repeat(state.initial, count, 0) for state in self.integers.states}

    def values(self, observations: Array, state: Mapping[str, Array]
               ) -> tuple[dict[str, Array], dict[str, Array]]:
        """All values of a step of a batch, [lanes, ...], and the states after it."""
        assert self.integers is not None
        known = evaluate(self.integers, observations, dict(state))
        return known, {each.input: known[each.output] for each in self.integers.states}

    def through(self, name: str, real: Any, known: Mapping[str, Array]) -> Any:
        """A float value with the numbers that the integers stand for, and the float's gradient.

        Args:
            name: of the value.
            real: torch tensor.
            known: what :meth:`values` gave.
        """
        import torch

        assert self.integers is not None
        qparams = self.integers.values[name].quantization if name in known else None
        if qparams is None:
            return real
        exact = torch.from_numpy(dequantized(known[name], qparams)).reshape(real.shape)
        low, high = ((end - qparams.zero_point) * qparams.scale
                     for end in (qparams.low, qparams.high))
        kept = torch.clamp(real, low, high)
        return kept + (exact - kept).detach()


def dequantized(integers: Array, qparams: Quantization) -> Array:
    """What integers stand for, float32."""
    return ((integers.astype(np.float64) - qparams.zero_point) * qparams.scale).astype(np.float32)
