# SPDX-License-Identifier: MIT
"""Sampled choices of integer policies: the same sequence in numpy, C and MicroPython.

A choice is drawn with the probabilities softmax(scale * logits), from integers only: weights of 15
bits, 2^15 exp(-distance) by table, and a number below their sum from a seedable generator. Nothing
leaves 30 bits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import UsageError
from puffer_edge.ir import Program
from puffer_edge.ir.ops.mask import lowest

FACTORS = 32760, 32730
"""Of the two generators: a with a * 2^15 - 1 and a * 2^14 - 1 prime, so that the period of each is
a * 2^14 - 1 (G. Marsaglia, "Random number generators", JMASM 2(1), 2003: multiply with carry)."""
CARRIES = 1234, 5678
WARM_UP = 16
REACH = 12
"""Distances from the largest logit beyond which a choice has no weight: exp(-12) is 2^-17.3."""
TABLE = np.array([round(32767 * math.exp(-i / 16)) for i in range(16 * REACH + 2)], np.int16)
"""exp at every sixteenth, between which there are straight lines."""
LARGEST = 1 << 15
"""Choices that a head may have."""
NOTHING = -(1 << 15) - 1
"""Below every logit."""


def distance_factor(scale: float) -> tuple[int, int]:
    """(m, s) such that ``distance * m >> s`` counts 1024ths, for distances below 2^16.

    Args:
        scale: of the logits: real = scale * integer.
    """
    wanted = 1024 * scale
    shift = min(max(13 - math.floor(math.log2(wanted)), 0), 30)
    return min(max(round(wanted * 2.0**shift), 1), (1 << 14) - 1), shift


def never(program: Program) -> int:
    """The logit of a choice that is forbidden, or NOTHING where there is no mask."""
    value = program.values[program.outputs[program.contract.choosing or 0]]
    return NOTHING if program.contract.mask is None else int(lowest(value.dtype)[0])


class Sampler:
    """Draws choices.

    Args:
        sizes: choices per head.
        scale: of the logits.
        seed: 0 to 2^30 - 1.
        lowest: what is not above it is never drawn; see :func:`never`.

    Raises:
        UsageError: the seed is outside, or a head has more than 2^15 choices.
    """

    def __init__(self, sizes: tuple[int, ...], scale: float, seed: int = 0,
                 lowest: int = NOTHING) -> None:
        if max(sizes) > LARGEST:
            raise UsageError(f"a head has {max(sizes)} choices, {LARGEST} can be sampled")
        self.sizes, self.lowest = sizes, lowest
        self.multiplier, self.shift = distance_factor(scale)
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Starts the sequence of a seed, 0 to 2^30 - 1."""
        if not 0 <= seed < 1 << 30:
            raise UsageError(f"the seed {seed} is not in 0 to 2^30 - 1")
        self._state = [(seed & 0x7FFF) + (CARRIES[0] << 15), (seed >> 15) + (CARRIES[1] << 15)]
        for _ in range(WARM_UP):
            self._draw()

    def act(self, logits: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
        """A choice per head, from integer logits that lie one after another."""
        ends = np.cumsum(self.sizes)
        parts = np.split(logits.reshape(-1).astype(np.int64), ends[:-1])
        return np.array([self._choose(part) for part in parts], np.int32)

    def _choose(self, logits: npt.NDArray[np.int64]) -> int:
        sums = np.cumsum(self.weights(logits))
        total = int(sums[-1])
        mask = (1 << (total - 1).bit_length()) - 1
        while True:
            value = (self._draw() | self._draw() << 15) & mask
            if value < total:
                return int(np.searchsorted(sums, value, side="right"))

    def weights(self, logits: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Of every choice of a head, 15 bits."""
        x = (logits.max() - logits) * self.multiplier >> self.shift
        index = np.minimum(x >> 6, 16 * REACH)
        start, end = TABLE[index].astype(np.int64), TABLE[index + 1].astype(np.int64)
        drawn = (x < 1024 * REACH) & (logits > self.lowest)
        return np.where(drawn, start - (((start - end) * (x & 63) + 32) >> 6), 0)

    def _draw(self) -> int:
        """15 bits."""
        self._state = [factor * (state & 0x7FFF) + (state >> 15)
                       for factor, state in zip(FACTORS, self._state, strict=True)]
        return (self._state[0] ^ self._state[1]) & 0x7FFF
