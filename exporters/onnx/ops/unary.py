"""Elementwise functions."""

from __future__ import annotations

from puffer_edge.errors import UnsupportedError
from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.registry import emits
from puffer_edge.ir.ops import Unary

KINDS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "gelu": "Gelu", "gelu_tanh": "Gelu",
         "elu": "Elu", "selu": "Selu", "erf": "Erf", "exp": "Exp", "log": "Log", "neg": "Neg",
         "abs": "Abs", "sqrt": "Sqrt", "reciprocal": "Reciprocal", "leaky_relu": "LeakyRelu",
         "softplus": "Softplus", "softsign": "Softsign", "mish": "Mish",
         "hard_sigmoid": "HardSigmoid", "hard_swish": "HardSwish",
         "round": "Round", "floor": "Floor", "ceil": "Ceil"}
"""ONNX's op by function; others are made of these."""
ATTRIBUTES = {"elu": ("alpha",), "leaky_relu": ("alpha",), "hard_sigmoid": ("alpha", "beta")}


@emits(Unary)
def emit(graph: Graph, op: Unary) -> None:
    """See :class:`Unary`."""
    name = op.function.function
    if name not in KINDS:
        raise UnsupportedError(f"the function {name} has no ONNX form", where=op.layer)
    attributes: dict[str, object] = dict(
        zip(ATTRIBUTES.get(name, ()), op.function.parameters, strict=False))
    if name == "gelu_tanh":
        attributes["approximate"] = "tanh"
    graph.node(KINDS[name], [graph.name(op.x)], [graph.name(op.y)], **attributes)
