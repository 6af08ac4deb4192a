# SPDX-License-Identifier: MIT
"""Sums and comparisons in a fixed order: what makes float32 results equal on every target.

``numpy``'s own sums and products are blocked and fused as the machine likes; the C kernels add one
term after the other. These do the same, vectorised over the independent outputs.
"""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array

TERMS = 64
"""So many are made at once."""
CACHED = 1 << 16
"""So many numbers of them stay in the processor's cache until they are added."""


def dot(x: Array, weight: Array, start: Array | np.float32) -> Array:
    """``start + x @ weight.T``, each output summed sequentially over k from its start.

    Args:
        x: [..., K] float32.
        weight: [N, K] float32.
        start: broadcastable to [..., N] float32; the bias, or what was summed before.

    Returns:
        [..., N] float32.
    """
    total = np.broadcast_to(start, (*x.shape[:-1], weight.shape[0])).astype(np.float32)
    columns = np.ascontiguousarray(weight.T)
    count = max(1, min(TERMS, CACHED // max(total.size, 1)))
    for k in range(0, columns.shape[0], count):
        total = _added(total, x[..., k : k + count], columns[k : k + count])
    return total


def _added(start: Array, x: Array, columns: Array) -> Array:
    """``start + x @ columns``, one term after the other.

    Along any axis but the last, numpy's sums are sequential: it adds whole rows. It may begin at 0,
    however, which takes -0 its sign, and along the last axis it pairs terms.
    """
    terms = np.empty((len(columns) + 1, *start.shape), np.float32)
    terms[0] = start
    np.multiply(np.moveaxis(x, -1, 0)[..., None],
                columns.reshape(len(columns), *(1,) * (x.ndim - 1), -1), out=terms[1:])
    if start.size > 1:
        found = np.add.reduce(terms, axis=0)
        if found.all():
            return np.asarray(found)
    found = start
    for term in terms[1:]:
        found = found + term
    return np.asarray(found)


def total(x: Array) -> Array:
    """The sum over the last axis, sequential from 0; [..., K] float32 -> [..., 1]."""
    result = np.zeros((*x.shape[:-1], 1), np.float32)
    for k in range(x.shape[-1]):
        result = result + x[..., k : k + 1]
    return result


def largest(x: Array) -> Array:
    """The largest along the last axis, [..., K] -> [..., 1]: replaced by what compares greater.

    Of +0 and -0 the first one stays, and NaN only where it comes first; numpy's own maximum takes
    either zero, as its vector unit likes.
    """
    result = x[..., :1]
    for k in range(1, x.shape[-1]):
        result = np.where(x[..., k : k + 1] > result, x[..., k : k + 1], result)
    return result


def smallest(x: Array) -> Array:
    """The same with the smallest."""
    result = x[..., :1]
    for k in range(1, x.shape[-1]):
        result = np.where(x[..., k : k + 1] < result, x[..., k : k + 1], result)
    return result
