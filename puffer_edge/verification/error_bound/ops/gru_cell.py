# SPDX-License-Identifier: MIT
"""A GRU cell."""

from __future__ import annotations

from puffer_edge.ir.ops import GRUCell
from puffer_edge.verification.error_bound.pair import Pair, exact, linear, parts
from puffer_edge.verification.error_bound.rule import rule


@rule(GRUCell)
def bound(op: GRUCell, x: Pair, h: Pair, weight: Pair, recurrent: Pair, bias: Pair | None,
         recurrent_bias: Pair | None) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    n = weight.v.shape[1] + recurrent.v.shape[1] + 4
    r_x, z_x, n_x = parts(linear(x, weight, bias or exact(0.0), n), 3)
    r_h, z_h, n_h = parts(linear(h, recurrent, recurrent_bias or exact(0.0), n), 3)
    r, z = (r_x + r_h).apply("sigmoid"), (z_x + z_h).apply("sigmoid")
    new = (n_x + r * n_h).apply("tanh")
    return (new + z * (h - new),)
