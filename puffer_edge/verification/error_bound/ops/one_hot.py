# SPDX-License-Identifier: MIT
"""A category as ones and zeros."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir.ops import OneHot
from puffer_edge.verification.error_bound.pair import Pair
from puffer_edge.verification.error_bound.rule import rule


@rule(OneHot)
def bound(op: OneHot, x: Pair) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    # Another category where both sides of a comparison are possible.
    doubtful = np.floor(x.v - x.bound) != np.floor(x.v + x.bound)
    y = op.evaluate([x.v.astype(np.float32)])[0]
    return (Pair(y.astype(np.float64), np.broadcast_to(doubtful[..., None], y.shape) * 1.0),)
