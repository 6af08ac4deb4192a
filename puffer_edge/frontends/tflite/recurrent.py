# SPDX-License-Identifier: MIT
"""The LSTM layer as one operator: its state stays in the model between steps."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.tflite.graph import HINT, Graph, lowers
from puffer_edge.ir.ops import Concat, LSTMCell, Reshape, Slice
from puffer_edge.readers.text import printable
from puffer_edge.readers.tflite_model import Operator

MAX_STEPS = 64
"""Of a sequence that the model takes at once."""
_TANH = 4
_PEEPHOLES, _PROJECTION, _NORMS = (9, 10, 11), (16, 17), (20, 21, 22, 23)


@lowers("UNIDIRECTIONAL_SEQUENCE_LSTM")
def lstm(graph: Graph, op: Operator) -> str:
    """Gates i, f, g, o; what LiteRT keeps in variables is recurrent state."""
    builder, place, options = graph.builder, graph.place(op.outputs[0]), op.options
    inputs = (*op.inputs, *(-1,) * 24)[:24]
    if any(inputs[n] >= 0 for n in (*_PEEPHOLES, *_PROJECTION, *_NORMS)) or min(inputs[1:9]) < 0:
        raise UnsupportedError("an LSTM with peepholes, a projection, norms or coupled gates",
                               where=place, hint=HINT)
    if options is None or options.number(0, "<b") != _TANH or any(
            options.number(field, "<f", 0.0) for field in (1, 2)):
        raise UnsupportedError("an LSTM with another function than tanh, or clipped", where=place,
                               hint=HINT)
    x = graph.value(inputs[0])
    shape, weight = builder.shape(x), _gates(graph, inputs[1:5])
    again, time = _gates(graph, inputs[5:9]), 0 if options.number(3, "<b") else 1
    hidden = again.shape[1] if again.ndim == 2 else 0
    if len(shape) != 3 or shape[1 - time] != 1 or weight.shape != (4 * hidden, shape[2]) or (
            again.shape != (4 * hidden, hidden)):
        raise FileFormatError("the LSTM does not fit its input", where=place)
    if shape[time] > MAX_STEPS:
        raise UnsupportedError(f"an LSTM over {shape[time]} steps", where=place, hint=HINT)
    bias = np.concatenate([np.zeros(hidden, np.float32) if n < 0 else graph.constant(n).reshape(-1)
                           for n in inputs[12:16]])
    name = printable(graph.model.tensors[op.outputs[0]].name)
    fields = {"weight": graph.weight(weight, "weight"), "recurrent": graph.weight(again, "again"),
              "bias": graph.weight(bias, "bias")}
    before = [builder.state(f"{name}.{part}", (1, hidden)) for part in ("h", "c")]
    now, found = tuple(before), []
    for step in range(shape[time]):
        starts = (step, 0, 0) if time == 0 else (0, step, 0)
        row = builder.add(Slice, x=x, starts=starts, counts=(1, 1, shape[2]), steps=(1, 1, 1))
        row = builder.add(Reshape, x=row, shape=(1, shape[2]))
        now = builder.add_many(LSTMCell, ("", ""), x=row, h=now[0], c=now[1], layer=name, **fields)
        found.append(builder.add(Reshape, x=now[0], shape=(1, 1, hidden)))
    for old, new in zip(before, now, strict=True):
        builder.carry(old, new)
    builder.note("stated", f"{name} keeps its state from step to step, as the model does")
    return found[0] if len(found) == 1 else builder.add(Concat, xs=tuple(found), axis=time)


def _gates(graph: Graph, numbers: tuple[int, ...]) -> Array:
    """The matrices of the gates, one below another."""
    return np.concatenate([graph.constant(number) for number in numbers])
