# SPDX-License-Identifier: MIT
"""LSTM, GRU and RNN: cells, and the layers over one step or a short sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.ir.ops import Concat, Gemm, GRUCell, LSTMCell, Slice, Split

_Step = tuple[Operand, ...]
_Cell = Callable[[Operand, Sequence[Operand]], _Step]

MAX_CELLS = 128
"""Of a sequence through all layers within one step."""


@lowers("lstm_cell")
def lstm_cell(graph: Graph, node: Node, x: Operand, hx: Sequence[Operand], w_ih: Operand,
              w_hh: Operand, b_ih: Operand | None = None, b_hh: Operand | None = None) -> _Step:
    """``nn.LSTMCell``."""
    state = [_row(graph, node, s) for s in hx]
    results = _lstm_step(graph, node, (w_ih, w_hh, b_ih, b_hh))(_row(graph, node, x), state)
    return tuple(reshaped(graph, node, y, graph.shape(hx[0])) for y in results)


@lowers("gru_cell", "rnn_tanh_cell", "rnn_relu_cell")
def cell(graph: Graph, node: Node, x: Operand, hx: Operand, w_ih: Operand, w_hh: Operand,
         b_ih: Operand | None = None, b_hh: Operand | None = None) -> Operand:
    """``nn.GRUCell`` and ``nn.RNNCell``."""
    step = _STEPS[node.op_type.split(".")[1].removesuffix("_cell")]
    (y,) = step(graph, node, (w_ih, w_hh, b_ih, b_hh))(
        _row(graph, node, x), [_row(graph, node, hx)])
    return reshaped(graph, node, y, graph.shape(hx))


@lowers("lstm", "gru", "rnn_tanh", "rnn_relu")
def layers(graph: Graph, node: Node, x: Operand, hx: Operand | Sequence[Operand],
           params: Sequence[Operand], has_biases: bool, num_layers: int, dropout: float,
           train: bool, bidirectional: bool, batch_first: bool) -> _Step:
    """All layers over a sequence of one row, the state [layers, 1, H]; mostly of length 1.

    A longer one, as of a history within one step, is as many cells one after another.
    """
    if train and dropout:
        raise node.refuse("dropout in training mode")
    shape, ways = graph.shape(x), 2 if bidirectional else 1  # torch's layer makes it [T, 1, K]
    count = int(np.prod(shape[:-1]))
    if count != shape[1 if batch_first else 0]:
        raise node.refuse(f"a batch of shape {shape[:-1]}", "export with a batch of 1")
    if count * num_layers * ways > MAX_CELLS:
        raise node.refuse(f"a sequence of {count}", f"up to {MAX_CELLS} cells are supported")
    each = 4 if has_biases else 2
    if len(params) != each * num_layers * ways:
        raise node.refuse("proj_size")
    states: list[Operand] = list(hx) if isinstance(hx, list | tuple) else [hx]  # type: ignore[list-item]
    if count == 1 and not any(isinstance(state, str) for state in states):
        graph.builder.note("warning", f"{node.layer}: its state is constant, so the policy "
                                      "forgets everything at every step; take the state as an "
                                      "argument of forward and return the new one")
    rows, after = _rows(graph, node, x, count), []
    for layer in range(num_layers):
        directions = []
        for place in range(layer * ways, (layer + 1) * ways):
            weights = (*params[place * each : (place + 1) * each], None, None)[:4]
            step = _STEPS[node.op_type.split(".")[1]](graph, node, weights)
            state: _Step = tuple(_layer_of(graph, node, s, place) for s in states)
            found = []
            for row in rows if place == layer * ways else reversed(rows):
                state = step(row, state)
                found.append(state[0])
            after.append(state)
            directions.append(found if place == layer * ways else found[::-1])
        rows = [parts[0] if ways == 1 else graph.add(node, Concat, xs=parts, axis=1)
                for parts in zip(*directions, strict=True)]
    y = rows[0] if count == 1 else graph.add(node, Concat, xs=tuple(rows), axis=0)
    out = reshaped(graph, node, y, (*shape[:-1], graph.shape(y)[-1]))
    return (out, *(_stacked(graph, node, parts, graph.shape(s))
                   for parts, s in zip(zip(*after, strict=True), states, strict=True)))


def _rows(graph: Graph, node: Node, x: Operand, count: int) -> list[Operand]:
    """[..., K] as so many of [1, K]."""
    flat = reshaped(graph, node, x, (count, graph.shape(x)[-1]))
    return [flat] if count == 1 else list(graph.add_many(node, Split, count, x=flat,
                                                         sizes=(1,) * count, axis=0))


def _lstm_step(graph: Graph, node: Node, weights: Any) -> _Cell:
    w, r, b_x, b_h = weights
    fields = {}
    if b_x is not None:
        a, b = (graph.array(bias, node, "the bias") for bias in (b_x, b_h))
        fields["bias"] = a + b
        graph.bind(f"{node.layer}.bias", fields["bias"])  # only to be called so

    def step(x: Operand, state: Sequence[Operand]) -> _Step:
        return graph.add_many(node, LSTMCell, 2, x=x, h=state[0], c=state[1], weight=w,
                              recurrent=r, **fields)

    return step


def _gru_step(graph: Graph, node: Node, weights: Any) -> _Cell:
    w, r, b_x, b_h = weights
    fields = {} if b_x is None else {"bias": b_x, "recurrent_bias": b_h}

    def step(x: Operand, state: Sequence[Operand]) -> _Step:
        return (graph.add(node, GRUCell, x=x, h=state[0], weight=w, recurrent=r, **fields),)

    return step


def _rnn_step(function: str) -> Callable[[Graph, Node, Any], _Cell]:
    def made(graph: Graph, node: Node, weights: Any) -> _Cell:
        w, r, b_x, b_h = weights
        a, b = ({} if bias is None else {"bias": bias} for bias in (b_x, b_h))

        def step(x: Operand, state: Sequence[Operand]) -> _Step:
            total = combine(graph, node, "add", graph.add(node, Gemm, x=x, weight=w, **a),
                            graph.add(node, Gemm, x=state[0], weight=r, **b))
            return (apply(graph, node, total, function),)

        return step

    return made


_STEPS = {"lstm": _lstm_step, "gru": _gru_step, "rnn_tanh": _rnn_step("tanh"),
          "rnn_relu": _rnn_step("relu")}


def _row(graph: Graph, node: Node, x: Operand) -> Operand:
    """[..., K] of one row as [1, K]."""
    shape = graph.shape(x)
    if int(np.prod(shape[:-1])) != 1:
        raise node.refuse(f"a batch of shape {shape[:-1]}", "export with a batch of 1")
    return reshaped(graph, node, x, (1, shape[-1]))


def _layer_of(graph: Graph, node: Node, state: Operand, layer: int) -> Operand:
    """[layers, (1,) H] -> [1, H] of one layer."""
    shape = graph.shape(state)
    if shape[0] > 1:
        rest = (0,) * (len(shape) - 1)
        state = graph.add(node, Slice, x=state, starts=(layer, *rest), counts=(1, *shape[1:]),
                          steps=(1,) * len(shape))
    return _row(graph, node, state)


def _stacked(graph: Graph, node: Node, parts: Sequence[Operand], shape: tuple[int, ...]
             ) -> Operand:
    """[1, H] of every layer -> the state's shape."""
    whole = parts[0] if len(parts) == 1 else graph.add(node, Concat, xs=tuple(parts), axis=0)
    return reshaped(graph, node, whole, shape)
