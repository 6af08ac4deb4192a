# SPDX-License-Identifier: MIT
"""A matrix in integers, and the proof that no sum over its rows leaves 31 bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Quantization
from puffer_edge.ir.requantization import LARGEST_SUM, choose
from puffer_edge.quantization.gptq import Rounding
from puffer_edge.quantization.schemes import Scheme


@dataclass(frozen=True)
class Linear:
    """One matrix in integers.

    Attributes:
        weight: [N, K] int64.
        bias: [N] int64, the input's zero point folded in.
        scales: [N], real value of 1 in each row's sum.
        bound: largest magnitude of any sum, whatever the input.
        weight_bits: bits of the weights.
    """

    weight: Array
    bias: Array
    scales: Array
    bound: int
    weight_bits: int

    def requantization(self, scale: Any) -> Array:
        """[N, 3] int32: multiplier, pre-shift and shift of each row to a scale (or one per row)."""
        ratios = self.scales / scale
        return np.array([choose(float(ratio), self.bound) for ratio in ratios], np.int32)


def rows_of(weight: Array) -> Array:
    """A weight as [rows, everything else], float64."""
    return np.asarray(weight, np.float64).reshape(len(weight), -1)


def prove(weight: Array, bias: Array, largest: int, zero_point: int, scheme: Scheme,
          layer: str, inputs: Array | None, rounding: Rounding) -> Linear:
    """Rounds a matrix to integers so that ``sum of abs(w) * largest + abs(bias)`` is in range.

    Args:
        weight: [N, K] float64, the real value of 1 of each column's input folded in.
        bias: [N] float64.
        largest: largest magnitude of an input's integer.
        zero_point: of the input.
        scheme: says how many bits; weights give some up where it is balanced.
        layer: for the error.
        inputs: [T, K] recorded inputs in integer steps; weights of 8 bits are rounded by them.
        rounding: what was rounded before.

    Raises:
        UnsupportedError: no number of bits can be proved.
    """
    for bits in range(scheme.weight_bits, 3, -1):
        top = 2 ** (bits - 1) - 1
        # A row of (nearly) nothing but a bias takes its scale from the bias.
        scales = np.maximum(np.abs(weight).max(1) / top, np.abs(bias) / 2**29) + 1e-30
        # With 12 bits and more rounding costs nothing that is worth learning from few steps.
        rows, correction = rounding.weights(
            weight, scales, None if scheme.balanced else inputs, layer)
        start = np.floor((bias + correction) / scales + 0.5)
        if np.abs(start).max() < LARGEST_SUM:
            total = start.astype(np.int64) - zero_point * rows.sum(1)
            bound = int((np.abs(rows).sum(1) * largest + np.abs(total)).max())
            if bound <= LARGEST_SUM:
                return Linear(rows, total, scales, bound, bits)
        if not scheme.balanced:
            break
    raise UnsupportedError("no sum of this layer can be proved to stay in 31 bits",
                           where=layer, hint="give it another scheme")


def table_points(qparams: Quantization) -> tuple[Array, int]:
    """Real numbers at the entries of a lookup table over a value, and the bits of its segments."""
    span = qparams.high - qparams.low + 1
    bits = max(0, (span - 1).bit_length() - 8)
    count = ((span - 1) >> bits) + 2 if bits else span
    integers = qparams.low + (np.arange(count, dtype=np.float64) * (1 << bits))
    return (integers - qparams.zero_point) * qparams.scale, bits
