# SPDX-License-Identifier: MIT
"""Sums, means and extremes over axes."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir.ops import Reduce
from puffer_edge.verification.error_bound.pair import WHOLE, Pair, gamma
from puffer_edge.verification.error_bound.rule import rule


@rule(Reduce, signs=False)
def bound(op: Reduce, x: Pair) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    if op.function in ("max", "min"):
        function = np.max if op.function == "max" else np.min
        return (Pair(function(x.v, op.axes, keepdims=op.keep),
                     np.max(x.d, op.axes, keepdims=op.keep)),)
    n = int(np.prod([x.v.shape[axis] for axis in op.axes]))
    count = n if op.function == "mean" else 1
    local = 2 * gamma(n + 1) * np.sum(x.size, op.axes, keepdims=op.keep) / count
    if op.function == "sum":  # of whole numbers that both have, it is one
        whole = np.all((x.d == 0) & (x.v == np.rint(x.v)), op.axes, keepdims=op.keep)
        local = np.where(whole & (np.sum(x.size, op.axes, keepdims=op.keep) <= WHOLE), 0, local)
    return (Pair(np.sum(x.v, op.axes, keepdims=op.keep) / count,
                 np.sum(x.d, op.axes, keepdims=op.keep) / count + local),)
