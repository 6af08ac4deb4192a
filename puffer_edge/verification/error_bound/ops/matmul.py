# SPDX-License-Identifier: MIT
"""A product of two values."""

from __future__ import annotations

from puffer_edge.ir.ops import MatMul
from puffer_edge.verification.error_bound.pair import Pair, gamma
from puffer_edge.verification.error_bound.rule import rule


@rule(MatMul, signs=False)
def bound(op: MatMul, a: Pair, b: Pair) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    n = a.v.shape[-1]
    return (Pair(a.v @ b.v, a.d @ b.size + a.size @ b.d + 2 * gamma(n) * (a.size @ b.size)),)
