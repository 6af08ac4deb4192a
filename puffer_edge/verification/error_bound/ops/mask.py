# SPDX-License-Identifier: MIT
"""Forbidden choices."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir.ops import Mask
from puffer_edge.verification.error_bound.pair import Pair
from puffer_edge.verification.error_bound.rule import rule


@rule(Mask)
def bound(op: Mask, x: Pair, mask: Pair) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    # The mask is the caller's; a forbidden choice is the same number on either side.
    forbidden = ((mask.v.reshape(x.v.shape) >= 0.5) == op.forbids)[..., None]
    d = np.where(forbidden[..., 0], 0.0, x.d)
    return (Pair(x.v, d, None if x.g is None else np.where(forbidden, 0.0, x.g)),)
