# SPDX-License-Identifier: MIT
"""Recurrent cells as linear layers and arithmetic, so that integers reach into them, too."""

from __future__ import annotations

from puffer_edge.exporters.decompose.draft import Draft
from puffer_edge.exporters.decompose.registry import decomposes
from puffer_edge.ir.ops import GRUCell, LSTMCell, MinGRUCell


@decomposes(LSTMCell)
def lstm(draft: Draft, op: LSTMCell) -> None:
    """See :class:`LSTMCell`."""
    gates = draft.binary("add", draft.linear(op.x, op.weight, op.bias),
                         draft.linear(op.h, op.recurrent))
    i, f, g, o = draft.split(gates, 4)
    kept = draft.binary("mul", draft.unary("sigmoid", f), op.c)
    written = draft.binary("mul", draft.unary("sigmoid", i), draft.unary("tanh", g))
    draft.binary("add", kept, written, op.y_c)
    draft.binary("mul", draft.unary("sigmoid", o), draft.unary("tanh", op.y_c), op.y_h)


@decomposes(GRUCell)
def gru(draft: Draft, op: GRUCell) -> None:
    """See :class:`GRUCell`."""
    r_x, z_x, n_x = draft.split(draft.linear(op.x, op.weight, op.bias), 3)
    r_h, z_h, n_h = draft.split(draft.linear(op.h, op.recurrent, op.recurrent_bias), 3)
    r = draft.unary("sigmoid", draft.binary("add", r_x, r_h))
    z = draft.unary("sigmoid", draft.binary("add", z_x, z_h))
    n = draft.unary("tanh", draft.binary("add", n_x, draft.binary("mul", r, n_h)))
    step = draft.binary("mul", z, draft.binary("sub", op.h, n))
    draft.binary("add", n, step, op.y)


@decomposes(MinGRUCell)
def min_gru(draft: Draft, op: MinGRUCell) -> None:
    """See :class:`MinGRUCell`."""
    a, g, p = draft.split(draft.linear(op.x, op.weight), 3)
    candidate = draft.binary("add", draft.unary("relu", a),
                             draft.unary("sigmoid", draft.binary("min", a, 0.0)))
    step = draft.binary("mul", draft.unary("sigmoid", g), draft.binary("sub", candidate, op.h))
    draft.binary("add", op.h, step, op.y_h)
    lead = draft.binary("mul", draft.unary("sigmoid", p), draft.binary("sub", op.y_h, op.x))
    draft.binary("add", op.x, lead, op.y)
