# SPDX-License-Identifier: MIT
"""An elementwise function."""

from __future__ import annotations

from puffer_edge.ir.ops import Unary
from puffer_edge.verification.error_bound.pair import Pair
from puffer_edge.verification.error_bound.rule import rule


@rule(Unary)
def bound(op: Unary, x: Pair) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    return (x.apply(op.function.function, op.function.parameters),)
