# SPDX-License-Identifier: MIT
"""A scale and a shift per channel."""

from __future__ import annotations

from puffer_edge.ir.ops import BatchNormalization
from puffer_edge.verification.error_bound.pair import Pair
from puffer_edge.verification.error_bound.rule import rule


@rule(BatchNormalization)
def bound(op: BatchNormalization, x: Pair, scale: Pair, shift: Pair) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    channel = (-1, *(1,) * (x.v.ndim - 2))
    a, b = (Pair(p.v.reshape(channel), p.bound.reshape(channel)) for p in (scale, shift))
    return (x * a + b,)
