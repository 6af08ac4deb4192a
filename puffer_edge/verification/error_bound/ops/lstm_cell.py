# SPDX-License-Identifier: MIT
"""An LSTM cell."""

from __future__ import annotations

from puffer_edge.ir.ops import LSTMCell
from puffer_edge.verification.error_bound.pair import Pair, exact, linear, parts
from puffer_edge.verification.error_bound.rule import rule


@rule(LSTMCell)
def bound(op: LSTMCell, x: Pair, h: Pair, c: Pair, weight: Pair, recurrent: Pair,
          bias: Pair | None) -> tuple[Pair, Pair]:
    """See :mod:`verification.error_bound`."""
    n = weight.v.shape[1] + recurrent.v.shape[1] + 4  # two biases, two partial sums
    gates = linear(h, recurrent, linear(x, weight, bias or exact(0.0), n), n)
    i, f, g, o = parts(gates, 4)
    y_c = f.apply("sigmoid") * c + i.apply("sigmoid") * g.apply("tanh")
    return o.apply("sigmoid") * y_c.apply("tanh"), y_c
