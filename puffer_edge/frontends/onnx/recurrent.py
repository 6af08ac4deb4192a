# SPDX-License-Identifier: MIT
"""LSTM, GRU and RNN of one step: the cell, with torch's gate order."""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.ops import Gemm, GRUCell, LSTMCell

_DEFAULTS = {"LSTM": ("sigmoid", "tanh", "tanh"), "GRU": ("sigmoid", "tanh"), "RNN": ("tanh",)}


@lowers("LSTM")
def lstm(graph: Graph, node: Node, x: Operand, w: Operand, r: Operand, b: Operand | None = None,
         lengths: Operand | None = None, h: Operand | None = None, c: Operand | None = None,
         peepholes: Operand | None = None) -> tuple[Operand, ...]:
    """ONNX orders the gates i, o, f, c; the cell i, f, g, o."""
    if peepholes is not None and np.any(graph.array(peepholes, node, "the peepholes")):
        raise node.refuse("peepholes")
    if node.flag("input_forget"):
        raise node.refuse("input_forget")
    step, hidden = _one_step(graph, node, x, lengths)
    order = [0, 2, 3, 1]
    weight, recurrent = (_gates(graph, node, v, order, hidden) for v in (w, r))
    bias = _biases(graph, node, b, order, hidden)
    extra = {} if bias is None else {"bias": bias[0] + bias[1]}
    y_h, y_c = graph.add_many(
        node, LSTMCell, 2, x=step, h=_state(graph, node, h, hidden),
        c=_state(graph, node, c, hidden), weight=weight, recurrent=recurrent, **extra)
    return _results(graph, node, y_h, y_c, hidden)


@lowers("GRU")
def gru(graph: Graph, node: Node, x: Operand, w: Operand, r: Operand, b: Operand | None = None,
        lengths: Operand | None = None, h: Operand | None = None) -> tuple[Operand, ...]:
    """ONNX orders the gates z, r, h; the cell r, z, n."""
    if not node.flag("linear_before_reset"):
        raise node.refuse("linear_before_reset = 0",
                          "torch exports 1; the other form is not supported")
    step, hidden = _one_step(graph, node, x, lengths)
    order = [1, 0, 2]
    weight, recurrent = (_gates(graph, node, v, order, hidden) for v in (w, r))
    bias = _biases(graph, node, b, order, hidden)
    extra = {} if bias is None else {"bias": bias[0], "recurrent_bias": bias[1]}
    y = graph.add(node, GRUCell, x=step, h=_state(graph, node, h, hidden), weight=weight,
                  recurrent=recurrent, **extra)
    return _results(graph, node, y, None, hidden)


@lowers("RNN")
def rnn(graph: Graph, node: Node, x: Operand, w: Operand, r: Operand, b: Operand | None = None,
        lengths: Operand | None = None, h: Operand | None = None) -> tuple[Operand, ...]:
    """``h' = tanh(W x + R h + b)``: two linear layers."""
    step, hidden = _one_step(graph, node, x, lengths)
    weight, recurrent = (_gates(graph, node, v, [0], hidden) for v in (w, r))
    bias = _biases(graph, node, b, [0], hidden)
    extra = {} if bias is None else {"bias": bias[0] + bias[1]}
    total = combine(graph, node, "add", graph.add(node, Gemm, x=step, weight=weight, **extra),
                    graph.add(node, Gemm, x=_state(graph, node, h, hidden), weight=recurrent))
    return _results(graph, node, apply(graph, node, total, "tanh"), None, hidden)


def _one_step(graph: Graph, node: Node, x: Operand, lengths: Operand | None
              ) -> tuple[Operand, int]:
    """The input as [1, I] and the hidden size; anything but one plain forward step is refused."""
    if len(graph.shape(x)) != 3:
        raise node.refuse(f"an input of shape {graph.shape(x)}")
    sequence, batch = graph.shape(x)[:2] if not node.flag("layout") else graph.shape(x)[1::-1]
    if sequence != 1 or batch != 1:
        raise node.refuse(f"{sequence} steps of a batch of {batch}",
                          "export one step of a batch of 1, with the state as input and output")
    if node.get("direction", "forward") != "forward":
        raise node.refuse(f"direction {node.get('direction')}")
    if node.get("clip") is not None:
        raise node.refuse("clip")
    functions = tuple(f.lower() for f in node.get("activations", _DEFAULTS[node.op_type]))
    if functions != _DEFAULTS[node.op_type]:
        raise node.refuse(f"activations {functions}")
    if lengths is not None and graph.integers_of(lengths, node, "sequence_lens") != (1,):
        raise node.refuse("sequence_lens other than 1")
    return reshaped(graph, node, x, (1, graph.shape(x)[2])), int(node.get("hidden_size", 0))


def _gates(graph: Graph, node: Node, w: Operand, order: list[int], hidden: int) -> Array:
    """[1, gates * H, K] -> [gates * H, K] in the cell's order."""
    array = graph.array(w, node, "a weight")
    if array.ndim != 3 or array.shape[:2] != (1, len(order) * hidden):
        raise node.refuse(f"a weight of shape {array.shape} for hidden_size {hidden}")
    blocks = array.reshape(len(order), hidden, -1)
    return blocks[order].reshape(len(order) * hidden, -1)


def _biases(graph: Graph, node: Node, b: Operand | None, order: list[int], hidden: int
            ) -> tuple[Array, Array] | None:
    """[1, 2 * gates * H] -> the input's and the recurrent bias in the cell's order."""
    if b is None:
        return None
    array = graph.array(b, node, "the bias")
    if array.shape != (1, 2 * len(order) * hidden):
        raise node.refuse(f"a bias of shape {array.shape} for hidden_size {hidden}")
    blocks = array.reshape(2, len(order), hidden)[:, order].reshape(2, -1)
    return blocks[0], blocks[1]


def _state(graph: Graph, node: Node, state: Operand | None, hidden: int) -> Operand:
    """[1, 1, H] -> [1, H]; zeros where the graph has none."""
    if state is None or not isinstance(state, str):
        graph.builder.note("warning", f"{node.op_type}: its state is constant, so the policy "
                                      "forgets everything at every step; export the state as "
                                      "input and output if it should remember")
    if state is None:
        return np.zeros((1, hidden), np.float32)
    return reshaped(graph, node, state, (1, hidden))


def _results(graph: Graph, node: Node, h: Operand, c: Operand | None, hidden: int
             ) -> tuple[Operand, ...]:
    """Y and the last states in ONNX's shapes: only those that are asked for."""
    shapes: list[Any] = [(h, (1, 1, 1, hidden)), (h, (1, 1, hidden)), (c, (1, 1, hidden))]
    return tuple(reshaped(graph, node, x, shape) if name else ""
                 for name, (x, shape) in zip(node.outputs, shapes, strict=False))
