# SPDX-License-Identifier: MIT
"""Elementwise functions."""

from __future__ import annotations

from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.tflite.graph import Graph, Option
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.ir.ops import Unary

KINDS = {"relu": "RELU", "tanh": "TANH", "sigmoid": "LOGISTIC", "gelu": "GELU",
         "gelu_tanh": "GELU", "exp": "EXP", "log": "LOG", "neg": "NEG", "abs": "ABS",
         "sqrt": "SQRT", "leaky_relu": "LEAKY_RELU", "floor": "FLOOR"}
"""TFLite's operator by function; others are made of these. The reference kernels of tflite-runtime
2.14 lack ELU, CEIL and ROUND."""


@emits(Unary)
def emit(graph: Graph, op: Unary) -> None:
    """See :class:`Unary`."""
    name = op.function.function
    if name not in KINDS:
        raise UnsupportedError(f"the function {name} has no TFLite form", where=op.layer)
    options: tuple[Option, ...] = ()
    if name in ("gelu", "gelu_tanh"):
        options = ((0, "Bool", name == "gelu_tanh"),)
    if name == "leaky_relu":
        options = ((0, "Float32", (*op.function.parameters, 0.01)[0]),)
    graph.operator(KINDS[name], [graph.tensor(op.x)], graph.tensor(op.y), *options)
