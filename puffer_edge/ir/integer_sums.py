# SPDX-License-Identifier: MIT
"""Sums of products of integers, exactly, and as fast as floats."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import ProgramError
from puffer_edge.ir.requantization import LIMIT


def integer_sums(x: Array, weight: Array, bias: Array, layer: str) -> Array:
    """``x @ weight.T + bias``, asserting that no sum, in whatever order, leaves 31 bits.

    Computed by BLAS in float64, which is exact: products of 16 bits have at most 30, and sums of
    fewer than 2^22 of them stay below 2^53, up to which float64 holds every integer.

    Args:
        x: [..., K] integers of at most 16 bits.
        weight: [N, K], alike.
        bias: [N] integers.
        layer: for the error.

    Returns:
        [..., N] int64.

    Raises:
        ProgramError: the range proof of the layer is wrong.
    """
    inputs, offset = x.astype(np.float64), np.abs(bias.astype(np.int64))
    sizes = np.abs(weight.astype(np.int32))
    # As if all of x were as large as its largest element; only what fails that is looked at closer.
    reach = np.abs(inputs).max(initial=0) * sizes.sum(1) + offset
    if reach.max() > LIMIT:
        reach = np.abs(inputs) @ sizes.T.astype(np.float64) + offset
        if reach.max() > LIMIT:
            raise ProgramError("a sum leaves 31 bits: the range proof is wrong", where=layer)
    return np.asarray((inputs @ weight.T.astype(np.float64)).astype(np.int64) + bias)
