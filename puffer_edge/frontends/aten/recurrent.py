# SPDX-License-Identifier: MIT
"""LSTM, GRU and RNN: cells, and one step of the layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.ir.ops import Concat, Gemm, GRUCell, LSTMCell, Slice

_Step = tuple[Operand, ...]


@lowers("lstm_cell")
def lstm_cell(graph: Graph, node: Node, x: Operand, hx: Sequence[Operand], w_ih: Operand,
              w_hh: Operand, b_ih: Operand | None = None, b_hh: Operand | None = None) -> _Step:
    """``nn.LSTMCell``."""
    state = [_row(graph, node, s) for s in hx]
    results = _lstm_step(graph, node, _row(graph, node, x), state, (w_ih, w_hh, b_ih, b_hh))
    return tuple(reshaped(graph, node, y, graph.shape(hx[0])) for y in results)


@lowers("gru_cell", "rnn_tanh_cell", "rnn_relu_cell")
def cell(graph: Graph, node: Node, x: Operand, hx: Operand, w_ih: Operand, w_hh: Operand,
         b_ih: Operand | None = None, b_hh: Operand | None = None) -> Operand:
    """``nn.GRUCell`` and ``nn.RNNCell``."""
    step = _STEPS[node.op_type.split(".")[1].removesuffix("_cell")]
    (y,) = step(graph, node, _row(graph, node, x), [_row(graph, node, hx)],
                (w_ih, w_hh, b_ih, b_hh))
    return reshaped(graph, node, y, graph.shape(hx))


@lowers("lstm", "gru", "rnn_tanh", "rnn_relu")
def layers(graph: Graph, node: Node, x: Operand, hx: Operand | Sequence[Operand],
           params: Sequence[Operand], has_biases: bool, num_layers: int, dropout: float = 0,
           train: bool = False, bidirectional: bool = False, batch_first: bool = False) -> _Step:
    """One step through all layers: a sequence of length 1, the state [layers, 1, H]."""
    if bidirectional or (train and dropout):
        raise node.refuse("bidirectional" if bidirectional else "dropout in training mode")
    if int(np.prod(graph.shape(x)[:-1])) != 1:
        raise node.refuse(f"a sequence or batch of shape {graph.shape(x)[:-1]}",
                          "export one step of a batch of 1, with the state as input and output")
    per_layer = 4 if has_biases else 2
    if len(params) != per_layer * num_layers:
        raise node.refuse("proj_size")
    states: list[Operand] = list(hx) if isinstance(hx, list | tuple) else [hx]  # type: ignore[list-item]
    if not any(isinstance(state, str) for state in states):
        graph.builder.note("warning", f"{node.layer}: its state is constant, so the policy "
                                      "forgets everything at every step; take the state as an "
                                      "argument of forward and return the new one")
    step = _STEPS[node.op_type.split(".")[1]]
    y, after = _row(graph, node, x), []
    for layer in range(num_layers):
        weights = (*params[layer * per_layer : (layer + 1) * per_layer], None, None)[:4]
        before = [_layer_of(graph, node, state, layer) for state in states]
        new = step(graph, node, y, before, weights)
        after.append(new)
        y = new[0]
    out = reshaped(graph, node, y, (*graph.shape(x)[:-1], graph.shape(y)[-1]))
    return (out, *(_stacked(graph, node, parts, graph.shape(state))
                   for parts, state in zip(zip(*after, strict=True), states, strict=True)))


def _lstm_step(graph: Graph, node: Node, x: Operand, state: Sequence[Operand], weights: Any
               ) -> _Step:
    w, r, b_x, b_h = weights
    fields = {}
    if b_x is not None:
        a, b = (graph.array(bias, node, "the bias") for bias in (b_x, b_h))
        fields["bias"] = a + b
        graph.bind(f"{node.layer}.bias", fields["bias"])  # only to be called so
    return graph.add_many(node, LSTMCell, 2, x=x, h=state[0], c=state[1], weight=w, recurrent=r,
                          **fields)


def _gru_step(graph: Graph, node: Node, x: Operand, state: Sequence[Operand], weights: Any
              ) -> _Step:
    w, r, b_x, b_h = weights
    fields = {} if b_x is None else {"bias": b_x, "recurrent_bias": b_h}
    return (graph.add(node, GRUCell, x=x, h=state[0], weight=w, recurrent=r, **fields),)


def _rnn_step(function: str) -> Any:
    def step(graph: Graph, node: Node, x: Operand, state: Sequence[Operand], weights: Any
             ) -> _Step:
        w, r, b_x, b_h = weights
        a, b = ({} if bias is None else {"bias": bias} for bias in (b_x, b_h))
        total = combine(graph, node, "add", graph.add(node, Gemm, x=x, weight=w, **a),
                        graph.add(node, Gemm, x=state[0], weight=r, **b))
        return (apply(graph, node, total, function),)
    return step


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
