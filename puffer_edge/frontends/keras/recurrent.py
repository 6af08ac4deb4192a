# SPDX-License-Identifier: MIT
"""LSTM and GRU over the steps of a sequence."""

from __future__ import annotations

import numpy as np

from puffer_edge.frontends.keras.context import Context
from puffer_edge.ir.ops import (
    Concat,
    GRUCell,
    LSTMCell,
    Reshape,
    Slice,
)
from puffer_edge.readers.text import printable

MAX_STEPS = 64
"""Of a sequence that the model takes at once."""


def recurrent(context: Context, x: str) -> str:
    """LSTM and GRU over the steps of a sequence; what stays for the next call says ``stateful``."""
    builder, layer = context.builder, context.layer
    shape = builder.shape(x)
    if len(shape) != 3 or shape[1] > MAX_STEPS:
        raise context.refuse(f"a recurrent layer over {shape[1:]}")
    gru, hidden = layer.kind == "GRU", context.get("units", 0)
    context.need(activation="tanh", recurrent_activation="sigmoid", go_backwards=False,
                 time_major=False, return_state=False, **({"reset_after": True} if gru else {}))
    if gru and "reset_after" not in layer.config:
        raise context.refuse("a GRU without reset_after")
    gates = 3 if gru else 4
    weight = context.take((shape[2], gates * hidden))
    again = context.take((hidden, gates * hidden))
    biases = np.zeros((2, gates * hidden), np.float32)
    if context.get("use_bias", True):
        wanted = (2, gates * hidden) if gru else (gates * hidden,)
        biases[: 2 if gru else 1] = context.take(wanted)
    if gru:  # Keras has the gates in the order z, r, n, torch r, z, n
        order = np.r_[hidden : 2 * hidden, :hidden, 2 * hidden : 3 * hidden]
        weight, again, biases = weight[:, order], again[:, order], biases[:, order]
    constants = {"weight": context.constant(weight.T, "kernel"),
                 "recurrent": context.constant(again.T, "recurrent_kernel"),
                 "bias": context.constant(biases[0], "bias")}
    if gru:
        constants["recurrent_bias"] = context.constant(biases[1], "recurrent_bias")
    before = _states(context, hidden, 1 if gru else 2, shape[1])
    now, found = list(before), []
    for step in range(shape[1]):
        part = builder.add(Slice, x=x, starts=(0, step, 0), steps=(1, 1, 1),
                           counts=(1, 1, shape[2]))
        part = builder.add(Reshape, x=part, shape=(1, shape[2]))
        if gru:
            now = [builder.add(GRUCell, x=part, h=now[0], layer=layer.name, **constants)]
        else:
            now = list(builder.add_many(LSTMCell, ("", ""), x=part, h=now[0], c=now[1],
                                        layer=layer.name, **constants))
        found.append(now[0])
    for old, new in zip(before, now, strict=True):
        if old not in builder.constants:
            builder.carry(old, new)
    if not context.get("return_sequences", False):
        return found[-1]
    rows = [builder.add(Reshape, x=y, shape=(1, 1, hidden)) for y in found]
    return rows[0] if len(rows) == 1 else builder.add(Concat, xs=tuple(rows), axis=1)


def _states(context: Context, hidden: int, count: int, steps: int) -> list[str]:
    """States that are kept; zeros where the model forgets them after each call."""
    stateful = context.get("stateful", False)
    if not stateful and steps == 1:
        context.builder.assume(
            "recurrent-state", f"{printable(context.layer.name)} keeps its state from step to "
            "step, though the model is not stateful: its one step is one of a sequence", "")
        stateful = True
    if not stateful:
        return [context.constant(np.zeros((1, hidden), np.float32), f"zero{index}")
                for index in range(count)]
    return [context.builder.state(f"{context.layer.name}.{name}", (1, hidden))
            for name in ("h", "c")[:count]]
