# SPDX-License-Identifier: MIT
"""Elementwise functions and arithmetic."""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.graph import trigonometry
from puffer_edge.frontends.tflite.graph import HINT, Graph, lowers
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import (
    Binary,
    Softmax,
    Unary,
)
from puffer_edge.readers.tflite_model import Operator

_UNARY = {"LOGISTIC": Activation("sigmoid"), "RELU": Activation("relu"), "TANH": Activation("tanh"),
          "RELU_N1_TO_1": Activation("clip", (-1.0, 1.0)),
          "RELU6": Activation("clip", (0.0, 6.0)), "EXP": Activation("exp"),
          "NEG": Activation("neg"), "ABS": Activation("abs"), "ELU": Activation("elu", (1.0,)),
          "HARD_SWISH": Activation("hard_swish")}
_BINARY = {"ADD": "add", "MUL": "mul", "SUB": "sub", "DIV": "div", "MAXIMUM": "max",
           "MINIMUM": "min"}


@lowers("SOFTMAX")
def softmax(graph: Graph, op: Operator) -> str:
    """Over the last axis."""
    if op.options is None or op.options.number(0, "<f", 0.0) != 1.0:
        raise UnsupportedError("a softmax with another beta than 1",
                               where=graph.place(op.outputs[0]), hint=HINT)
    x = graph.value(op.inputs[0])
    return graph.builder.add(Softmax, x=x, axis=len(graph.builder.shape(x)) - 1)


@lowers(*_UNARY)
def unary(graph: Graph, op: Operator) -> str:
    """One to one."""
    return graph.builder.add(Unary, x=graph.value(op.inputs[0]), function=_UNARY[op.name])


@lowers("LEAKY_RELU")
def leaky_relu(graph: Graph, op: Operator) -> str:
    """``slope * x`` below zero."""
    slope = op.options.number(0, "<f", 0.0) if op.options else 0.0
    if not np.isfinite(slope):
        raise FileFormatError("the slope is not finite", where=graph.place(op.outputs[0]))
    return graph.builder.add(Unary, x=graph.value(op.inputs[0]),
                             function=Activation("leaky_relu", (float(slope),)))


@lowers("GELU")
def gelu(graph: Graph, op: Operator) -> str:
    """Exact, or by tanh."""
    tanh = bool(op.options.number(0, "<b")) if op.options else False
    return graph.builder.add(Unary, x=graph.value(op.inputs[0]),
                             function=Activation("gelu_tanh" if tanh else "gelu"))


@lowers(*_BINARY)
def binary(graph: Graph, op: Operator) -> str:
    """One to one; four of them have a fused activation."""
    if len(op.inputs) != 2 or min(op.inputs) < 0:
        raise FileFormatError("an operator needs two inputs", where=graph.place(op.outputs[0]))
    a, b = (graph.value(number) for number in op.inputs)
    y = graph.builder.add(Binary, a=a, b=b, function=_BINARY[op.name])
    return graph.activated(y, op, 0) if op.name in ("ADD", "DIV", "MUL", "SUB") else y


@lowers("QUANTIZE", "DEQUANTIZE")
def same(graph: Graph, op: Operator) -> str:
    """QUANTIZE and DEQUANTIZE: values are real numbers, and what a tensor holds rounds them."""
    number = op.inputs[0]
    if graph.model.tensors[number].data is not None:
        graph.constants[op.outputs[0]] = graph.constant(number)
    return graph.value(number)


@lowers("COS", "SIN")
def trigonometric(graph: Graph, op: Operator) -> str:
    """Of radians."""
    function = trigonometry.sine if op.name == "SIN" else trigonometry.cosine
    return str(function(graph.shared, graph.node(op), graph.value(op.inputs[0])))
