# SPDX-License-Identifier: MIT
"""Sums of products as Helium's vectors of floats make them: a subnormal number is a zero.

Arm's name for this is flush-to-zero (Armv8-M Architecture Reference Manual, FPRound, FPUnpack): a
subnormal operand counts as a zero of its sign, and so does a result that is below the smallest
normal number before it is rounded. All else is as in :mod:`.ordered`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import ordered

SMALLEST = float(np.finfo(np.float32).tiny)


def dot_of(flush: bool) -> Callable[[Array, Array, Array | np.float32], Array]:
    """:func:`dot`, or that of :mod:`.ordered`, in which subnormal numbers stay."""
    return dot if flush else ordered.dot


def flushed(x: Array) -> Array:
    """Subnormal numbers as zeros of their sign."""
    return np.where(np.abs(x) < SMALLEST, np.copysign(np.float32(0), x), x)


def dot(x: Array, weight: Array, start: Array | np.float32) -> Array:
    """``start + x @ weight.T``, each output summed sequentially over k from its start.

    Args:
        x: [..., K] float32.
        weight: [N, K] float32.
        start: broadcastable to [..., N] float32.

    Returns:
        [..., N] float32.
    """
    total = np.broadcast_to(start, (*x.shape[:-1], weight.shape[0])).astype(np.float32)
    x, columns = flushed(x), flushed(np.ascontiguousarray(weight.T))
    for k in range(len(columns)):
        # A product of two floats is exact in float64; of two sums below the smallest normal number
        # either is a multiple of the smallest subnormal one, so it is not rounded at all.
        exact = x[..., k : k + 1].astype(np.float64) * columns[k]
        product = np.where(np.abs(exact) < SMALLEST, np.copysign(0.0, exact), exact)
        total = flushed(flushed(total) + product.astype(np.float32))
    return total
