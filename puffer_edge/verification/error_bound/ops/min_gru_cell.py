# SPDX-License-Identifier: MIT
"""A minGRU cell."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir.ops import MinGRUCell
from puffer_edge.verification.error_bound.pair import Pair, U, exact, linear, parts
from puffer_edge.verification.error_bound.rule import rule


@rule(MinGRUCell)
def bound(op: MinGRUCell, x: Pair, h: Pair, weight: Pair) -> tuple[Pair, Pair]:
    """See :mod:`verification.error_bound`."""
    a, g, p = parts(linear(x, weight, exact(0.0), weight.v.shape[1]), 3)
    candidate = _candidate(a)
    after = h + g.apply("sigmoid") * (candidate - h)
    # Theirs is torch.lerp, which starts at the nearer of the two ends.
    after = Pair(after.v, after.d + 4 * U * (h.size + candidate.size), after.g)
    keep = p.apply("sigmoid")
    y = x + keep * (after - x)
    # Theirs is keep * after + (1 - keep) * x, whose terms may be larger than their difference.
    return Pair(y.v, y.d + 4 * U * (after.size + 2 * x.size), y.g), after


def _candidate(a: Pair) -> Pair:
    """The larger part or sigmoid(a): slopes are at most 1, so a bound of a is one of this."""
    value = np.where(a.v >= 0, a.v + 0.5, 1 / (1 + np.exp(-np.minimum(a.v, 0))))
    return Pair(value, a.bound + 8 * U * (np.abs(value) + 1))
