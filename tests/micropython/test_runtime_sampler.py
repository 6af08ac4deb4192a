# SPDX-License-Identifier: MIT
"""The runtime's draws, against Marsaglia's generators and numpy's search in a sum."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

from tests.micropython.op_files import floored, found, half_down, ints, line, weights


class Carry:
    """Marsaglia's generator: multiply, take the low digit, carry the high one."""

    def __init__(self, factor: int, digit: int, carry: int) -> None:
        self.factor, self.digit, self.carry = factor, digit, carry

    def __call__(self) -> int:
        self.carry, self.digit = divmod(self.factor * self.digit + self.carry, 2**15)
        return self.digit


@pytest.mark.parametrize(("table", "x", "draws"), [
    (np.full(194, 8) - np.arange(194) // 25, [5, 5, -128], 4),
    (np.full(194, 2**14), [5, -128, 9], 30),  # exactly 2^15
    (np.array([2**14] * 50 + [1] * 144), [40, 40, -120, -127], 30),  # one more than that
    (np.round(32767 * np.exp(-np.arange(194) / 16)), [10, 11, 127, 120, -128], 60),
])
@pytest.mark.parametrize("number", [0, 123_456_789])
def test_sampler(table, x: list[int], draws: int, number: int) -> None:
    """Random bits below the next power of two, at least 2^15, until they are below the sum."""
    table, sizes = ints(table), (len(x), 1)
    x, action = [*x, 3], array("i", [9, 9])
    multiplier, shift, lowest = 900, 4, -128
    seed, sample = found("sampler")(weights(("h", table)), x, sizes, action, multiplier, shift,
                                    lowest)
    if number:
        seed(number)
    pair = (Carry(32760, number % 2**15, 1234), Carry(32730, number // 2**15, 5678))

    def bits() -> int:
        return pair[0]() ^ pair[1]()

    for _ in range(16):
        bits()
    for _ in range(draws):
        wanted = []
        for head in (np.array(x[:-1]), np.array(x[-1:])):
            distance = floored((head.max() - head) * multiplier, shift)
            w = np.where((distance < 12288) & (head > lowest), half_down(line(distance, table, 64)),
                         0)
            limit = max(2**15, 1 << (int(w.sum()) - 1).bit_length())
            drawn = limit
            while drawn >= w.sum():
                drawn = bits() + 2**15 * bits()
                drawn %= limit
            wanted.append(int(np.searchsorted(np.cumsum(w), drawn, "right")))
        assert sample() is action and action.tolist() == wanted


def test_a_sample_of_one_head_is_its_choice() -> None:
    action = array("i", [9])
    _, sample = found("sampler")(weights(("h", [100] * 194)), [3, -128], (2,), action, 1, 0, -128)
    assert sample() == 0 and action[0] == 0
