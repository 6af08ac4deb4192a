# SPDX-License-Identifier: MIT
"""Sums one term after the other, whatever numpy does with whole arrays."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.ir import ordered
from puffer_edge.ir.ops import Conv


def one_by_one(x: np.ndarray, weight: np.ndarray, start: np.ndarray) -> np.ndarray:
    """A loop over numbers of 32 bits."""
    total = np.broadcast_to(start, (len(x), len(weight))).astype(np.float32)
    for i, row in enumerate(x):
        for j, each in enumerate(weight):
            y = total[i, j]
            for a, b in zip(row, each, strict=True):
                y = np.float32(y + np.float32(a * b))
            total[i, j] = y
    return total


@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("outputs", [1, 2, 3, 8, 17])
@pytest.mark.parametrize("columns", [1, 7, 64, 65, 200])
def test_a_product_is_summed_in_order(rows: int, outputs: int, columns: int) -> None:
    """Of numbers whose sum depends on the order."""
    random = np.random.default_rng(rows * 1000 + outputs)
    x = (random.standard_normal((rows, columns)) * 10.0 ** random.integers(-3, 4, columns)).astype(
        np.float32)
    weight = random.standard_normal((outputs, columns)).astype(np.float32)
    start = random.standard_normal(outputs).astype(np.float32)
    wanted = one_by_one(x, weight, start)
    for matrix in (weight, np.asfortranarray(weight)):
        found = ordered.dot(x, matrix, start)
        assert np.array_equal(found.view(np.uint32), wanted.view(np.uint32))
    if columns > 60 and outputs > 2:
        assert not np.array_equal(wanted, x @ weight.T + start)  # the test can fail


@pytest.mark.parametrize("sign", [-0.0, 0.0])
def test_zeros_keep_their_sign(sign: float) -> None:
    x = np.float32([[sign, 0.0, sign]])
    weight, start = np.float32([[1, -1, 1], [1, 1, 1]]), np.float32([sign, -0.0])
    wanted = one_by_one(x, weight, start)
    assert np.array_equal(ordered.dot(x, weight, start).view(np.uint32), wanted.view(np.uint32))


def test_a_convolution_is_summed_by_channels_rows_and_columns() -> None:
    random = np.random.default_rng(0)
    op = Conv(x="x", weight="w", bias="b", y="y", strides=(2, 1), pads=(1, 0, 0, 2),
              dilations=(1, 2), group=2)
    x = (random.standard_normal((1, 4, 6, 7)) * 1e3).astype(np.float32)
    weight = random.standard_normal((6, 2, 3, 2)).astype(np.float32)
    bias = random.standard_normal(6).astype(np.float32)
    (found,) = op.evaluate([x, weight, bias])
    padded = np.pad(x, [(0, 0), (0, 0), (1, 0), (0, 2)])[0]
    wanted = np.empty_like(found)
    for m, i, j in np.ndindex(*found.shape[1:]):
        seen = padded[m // 3 * 2 : m // 3 * 2 + 2, 2 * i : 2 * i + 3, j : j + 3 : 2]
        wanted[0, m, i, j] = one_by_one(seen.reshape(1, -1), weight[m].reshape(1, -1),
                                        bias[m])[0, 0]
    assert np.array_equal(found.view(np.uint32), wanted.view(np.uint32))
