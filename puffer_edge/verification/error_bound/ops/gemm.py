# SPDX-License-Identifier: MIT
"""A matrix and a bias."""

from __future__ import annotations

from puffer_edge.ir.ops import Gemm
from puffer_edge.verification.error_bound.pair import Pair, exact, linear
from puffer_edge.verification.error_bound.rule import rule


@rule(Gemm)
def bound(op: Gemm, x: Pair, weight: Pair, bias: Pair | None) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    return (linear(x, weight, bias or exact(0.0), weight.v.shape[1] + 1),)
