# SPDX-License-Identifier: MIT
"""The one multiply of the integer contract: in range for every sum, and close to the real ratio."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puffer_edge.errors import ProgramError
from puffer_edge.ir.requantization import LARGEST_SUM, choose, finest, in_range, requantize

ratios = st.floats(2.0**-28, 2.0**4)
bounds = st.integers(1, LARGEST_SUM)


@given(ratios, bounds, st.integers(-LARGEST_SUM, LARGEST_SUM))
def test_every_intermediate_is_in_range_and_the_result_close(
        ratio: float, bound: int, acc: int) -> None:
    acc = max(-bound, min(bound, acc))
    try:
        multiplier, pre_shift, shift = choose(ratio, bound)
    except ProgramError:
        assert ratio * bound > 2**15  # only a result that no activation can hold is refused
        return
    assert 0 <= multiplier < 2**15 and 0 <= pre_shift <= 30 and 0 <= shift <= 30
    sums = np.array([acc, bound, -bound], np.int64)
    y = requantize(sums, *(np.array(n) for n in (multiplier, pre_shift, shift)))  # asserts range
    # The multiplier is rounded to 14 or 15 bits (or to a multiple of 2^-30, where that is coarser),
    # the sum to a multiple of 2^pre_shift, the result to an integer; each is off by at most half.
    relative = max(2.0**-14, 2.0**-31 / (ratio * 2.0**pre_shift))
    allowed = (np.abs(sums) + 2.0**pre_shift) * ratio * relative + ratio * 2.0**pre_shift / 2 + 0.5
    assert np.all(np.abs(y - sums * ratio) <= allowed + 1e-9)


@given(ratios, bounds)
def test_the_pre_shift_is_the_smallest(ratio: float, bound: int) -> None:
    try:
        multiplier, pre_shift, shift = choose(ratio, bound)
    except ProgramError:
        return
    if pre_shift and shift < 30:
        # One step less leaves the range: the same multiplier, the shift grown by one.
        assert not in_range(bound, multiplier, pre_shift - 1, shift + 1)


@pytest.mark.parametrize(("ratio", "bound"), [(1.0, LARGEST_SUM + 1), (0.0, 10), (-1.0, 10),
                                              (2.0**20, 2**20)])
def test_what_cannot_be_requantised_is_refused(ratio: float, bound: int) -> None:
    with pytest.raises(ProgramError):
        choose(ratio, bound)


def test_a_wrong_proof_is_noticed() -> None:
    with pytest.raises(ProgramError, match="proof is wrong"):
        requantize(np.array([2**29]), np.array(2**14), np.array(0), np.array(14))


def test_rounding_is_half_up_with_arithmetic_shifts() -> None:
    sums = np.array([-3, -2, -1, 0, 1, 2, 3])
    half = requantize(sums, np.array(1), np.array(0), np.array(1))
    assert half.tolist() == [-1, -1, 0, 0, 1, 1, 2]


@pytest.mark.parametrize("largest", [127, 255, 32767])
def test_the_finest_factors(largest: int) -> None:
    """In range for every sum, and up to ``largest`` nearer to the exact result than ``choose``."""
    rng = np.random.default_rng(largest)
    worst = {choose: 0.0, finest: 0.0}
    for _ in range(200):
        bound = int(rng.integers(1000, 2**28))
        ratio = float(largest / bound * rng.uniform(1, 30))
        if ratio * bound > 2**28:
            continue
        sums = rng.integers(-bound, bound + 1, 500)
        sums = sums[np.abs(sums * ratio) <= largest]
        for function in worst:
            factors = (function(ratio, bound, largest) if function is finest
                       else function(ratio, bound))
            assert in_range(bound, *factors)
            y = requantize(sums, *map(np.int64, factors))
            worst[function] = max(worst[function], np.abs(y - sums * ratio).max(initial=0))
    assert worst[finest] <= worst[choose]
    assert largest > 1000 or worst[finest] < 0.6  # a tenth of a step beside the rounding
