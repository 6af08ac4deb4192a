# SPDX-License-Identifier: MIT
"""Arithmetic of two values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puffer_edge.ir.ops import Binary
from puffer_edge.verification.error_bound.pair import Pair
from puffer_edge.verification.error_bound.rule import rule


@rule(Binary)
def bound(op: Binary, a: Pair, b: Pair) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    if op.function in ("min", "max"):
        function = np.minimum if op.function == "min" else np.maximum
        return (Pair(function(a.v, b.v), np.maximum(a.bound, b.bound)),)
    if a.v.shape != b.v.shape:  # broadcasting coefficients is not worth the code
        shape = np.broadcast_shapes(a.v.shape, b.v.shape)
        a, b = (p if p.v.shape == shape else replace(
            p.boxed(), origin=None if p.origin is None else np.broadcast_to(p.origin, shape))
            for p in (a, b))
    return ({"add": a.__add__, "sub": a.__sub__, "mul": a.__mul__,
             "div": a.__truediv__}[op.function](b),)
