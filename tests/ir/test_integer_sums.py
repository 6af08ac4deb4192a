# SPDX-License-Identifier: MIT
"""Sums by floats, against Python's own integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puffer_edge.errors import ProgramError
from puffer_edge.ir.integer_sums import integer_sums
from puffer_edge.ir.requantization import LIMIT


@given(seed=st.integers(0, 10_000), bits=st.sampled_from([(8, 8), (8, 16), (16, 8)]))
@settings(max_examples=60, deadline=None)
def test_sums_are_exact(seed: int, bits: tuple[int, int]) -> None:
    random = np.random.default_rng(seed)
    rows, columns = random.integers(1, 9), random.integers(1, 60)
    x, weight = (random.integers(-(2 ** (b - 1)), 2 ** (b - 1), shape).astype(f"int{b}")
                 for b, shape in zip(bits, ((2, columns), (rows, columns)), strict=True))
    bias = random.integers(-(2**20), 2**20, rows).astype(np.int32)
    wanted = [[sum(int(a) * int(b) for a, b in zip(row, each, strict=True)) + int(start)
               for each, start in zip(weight, bias, strict=True)] for row in x]
    assert integer_sums(x, weight, bias, "").tolist() == wanted


@pytest.mark.parametrize(("weight", "bias", "fits"), [
    ((32767, 0), LIMIT - 32767**2, True), ((32767, 0), LIMIT - 32767**2 + 1, False),
    ((-32767, 0), -(LIMIT - 32767**2), True), ((-32767, 0), -(LIMIT - 32767**2) - 1, False),
    ((0, 32767), LIMIT, True),  # a large number that meets no weight is no reason
    ((0, 0), LIMIT + 1, False)])
def test_the_range_is_asserted_to_the_last_unit(
        weight: tuple[int, int], bias: int, fits: bool) -> None:
    x, matrix = np.array([[32767, 0]], np.int16), np.array([weight, (0, 0)], np.int16)
    start = np.array([bias, 0], np.int64)
    if fits:
        assert integer_sums(x, matrix, start, "")[0, 0] == 32767 * weight[0] + bias
    else:
        with pytest.raises(ProgramError, match="31 bits"):
            integer_sums(x, matrix, start, "")
