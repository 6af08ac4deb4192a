# SPDX-License-Identifier: MIT
"""L2 and RMS normalisation."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir.ops import L2Normalization
from puffer_edge.verification.error_bound.pair import Pair, exact, gamma
from puffer_edge.verification.error_bound.rule import rule


@rule(L2Normalization, signs=False)
def bound(op: L2Normalization, x: Pair) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    width = int(np.prod(x.v.shape[op.axis:]))
    rows = Pair(x.v.reshape(-1, width), x.d.reshape(-1, width))
    square, count = rows * rows, width if op.mean else 1
    total = Pair(square.v.sum(-1, keepdims=True) / count,
                 (square.d + 2 * gamma(width + 1) * square.size).sum(-1, keepdims=True) / count)
    root = (total + exact(op.epsilon)).apply("sqrt")
    # The larger of two numbers is no further off than the one that is.
    root = Pair(np.maximum(root.v, op.floor), root.d)
    y = rows * root.apply("reciprocal")
    return (Pair(y.v.reshape(x.v.shape), y.d.reshape(x.v.shape)),)
