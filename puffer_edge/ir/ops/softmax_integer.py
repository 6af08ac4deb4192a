# SPDX-License-Identifier: MIT
"""SoftmaxInteger: rows of integers as shares of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.reciprocal_root import bits, in_range
from puffer_edge.ir.value import Quantization, Value

LARGEST_AXIS = 1 << 15
"""Elements whose weights of 15 bits have a sum below 2^30."""

REACH = 12
"""Distance from the largest beyond which an element has no weight: exp(-12) is 2^-17.3."""

FRACTION = 12
"""Bits of a distance behind the point."""

STEPS = 6
"""Of these, bits that choose an entry of the second table; the others lie on a straight line."""

SEGMENTS = 128
"""Of the table of the reciprocal."""


def power_table() -> Array:
    """Exp of whole and of partial distances, 15 bits, [77] int16.

    ``min(2^15 - 1, 2^15 exp(-i))`` for i = 0 to 11, then the same of ``-j / 64`` for j = 0 to 64.
    """
    distances = np.concatenate([np.arange(REACH), np.arange((1 << STEPS) + 1) / (1 << STEPS)])
    return np.asarray(np.minimum(np.floor(2.0**15 * np.exp(-distances) + 0.5), 32767), np.int16)


def reciprocal_table() -> Array:
    """``T[j] = 2^43 / (2^29 + j 2^22)``, [129] int16: 2^14 down to 2^13."""
    ends = 2.0**29 + np.arange(SEGMENTS + 1) * 2.0**22
    return np.asarray(np.floor(2.0**43 / ends + 0.5), np.int16)


LARGEST_SCALE = 3.9
"""Of x, where a factor of 14 bits is enough; neighbours differ by exp(3.9) then, 49 times."""


def distance_factor(scale: float) -> tuple[int, int]:
    """(m, s) such that ``(distance * m) >> s`` counts 4096ths, for distances of 16 bits.

    Args:
        scale: of what is compared: real = scale * integer; at most :data:`LARGEST_SCALE`.
    """
    wanted = scale * (1 << FRACTION)
    shift = min(max(13 - int(np.floor(np.log2(wanted))), 0), 30)
    return min(max(round(wanted * 2.0**shift), 1), (1 << 14) - 1), shift


@register
@dataclass(frozen=True, kw_only=True)
class SoftmaxInteger(Op):
    """``y = 2^15 exp(x - max) / sum of exp(x - max)`` along an axis.

    ::

        p = min(((max - x) multiplier) >> shift, 12 * 4096 - 1), in 4096ths
        e = (E[p >> 12] F + 2^14) >> 15,  F = 2^15 exp(-fraction of p), by straight lines
        S = sum of e,  w = S << s in [2^29, 2^30),  R = 2^43 / w, by straight lines
        y = min((e R) >> (28 - s), 2^15 - 1), this shift rounded

    Attributes:
        x: any shape, int8 or int16.
        powers: constant [77] int16, see :func:`power_table`.
        reciprocals: constant [129] int16, see :func:`reciprocal_table`.
        y: x's shape, int16; 1 is 2^15.
        axis: non-negative.
        multiplier: of a distance, at most 14 bits.
        shift: after it.
    """

    x: str
    powers: str
    reciprocals: str
    y: str
    axis: int
    multiplier: int
    shift: int

    INPUTS: ClassVar = ("x", "powers", "reciprocals")

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays."""
        x = inputs[0]
        assert x is not None
        if not (1 <= x.shape[self.axis] <= LARGEST_AXIS and 1 <= self.multiplier < 1 << 14
                and 0 <= self.shift <= 30):
            raise ProgramError(f"a softmax over {x.shape} does not fit 31 bits", where=self.layer)
        return (x.shape,)

    def dtypes(self, inputs: Sequence[Value | None]) -> tuple[str, ...]:
        """Always 16 bits."""
        return ("int16",)

    def quantizations(self, inputs: Sequence[Value | None]) -> tuple[Quantization | None, ...]:
        """Shares of 2^15."""
        return (Quantization(2.0**-15, 0, 0, 32767),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """In int64, asserting that nothing leaves 31 bits."""
        x, powers, reciprocals = (each.astype(np.int64) for each in inputs if each is not None)
        rows = np.moveaxis(x, self.axis, -1)
        distance = (rows.max(-1, keepdims=True) - rows) * self.multiplier
        in_range(distance, self.layer)
        p = np.minimum(distance >> self.shift, (REACH << FRACTION) - 1)
        line = FRACTION - STEPS
        j, fraction = p >> line & (1 << STEPS) - 1, p & (1 << line) - 1
        start, end = powers[REACH + j], powers[REACH + 1 + j]
        part = start - ((start - end) * fraction + (1 << line >> 1) >> line)
        e = powers[p >> FRACTION] * part + 2**14 >> 15
        total = e.sum(-1, keepdims=True)
        in_range(total, self.layer)
        s = 30 - bits(total)
        t = (total << s) - 2**29
        index = t >> 22
        step = (reciprocals[index] - reciprocals[index + 1]) * (t >> 8 & 16383)
        product = e * (reciprocals[index] - (step + 8192 >> 14))
        last = 28 - s
        in_range(product + (1 << last >> 1), self.layer)
        y = np.minimum(product + (1 << last >> 1) >> last, 32767)
        return (np.ascontiguousarray(np.moveaxis(y, -1, self.axis)).astype(np.int16),)
