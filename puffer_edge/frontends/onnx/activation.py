# SPDX-License-Identifier: MIT
"""Elementwise functions of one tensor."""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph import angles, functions, trigonometry
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.onnx.lowerings import lowers
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.functions import FUNCTIONS

FUNCTION = {known.onnx: name for name, known in FUNCTIONS.items()
            if known.onnx and not known.onnx_attributes and known.onnx not in ("Gelu", "Selu")}
"""op_type -> key of ``ir.functions.FUNCTIONS``, where the op has no attributes."""

_INTEGERS = {"Abs": np.abs, "Neg": np.negative}


@lowers(*FUNCTION)
def unary(graph: Graph, node: Node, x: Operand) -> Operand:
    """One to one."""
    if not isinstance(x, str) and node.op_type in _INTEGERS and x.dtype.kind in "iu":
        return np.asarray(_INTEGERS[node.op_type](x))
    return apply(graph, node, x, FUNCTION[node.op_type])


@lowers("Gelu")
def gelu(graph: Graph, node: Node, x: Operand) -> Operand:
    """Exact, or by tanh."""
    approximate = node.get("approximate", "none")
    if approximate not in ("none", "tanh"):
        raise node.refuse(f"approximate = {approximate!r}")
    return apply(graph, node, x, "gelu" if approximate == "none" else "gelu_tanh")


@lowers("Elu")
def elu(graph: Graph, node: Node, x: Operand) -> Operand:
    """``alpha * (exp(x) - 1)`` below zero."""
    return apply(graph, node, x, "elu", node.get("alpha", 1.0))


@lowers("Selu")
def selu(graph: Graph, node: Node, x: Operand) -> Operand:
    """``gamma * elu(x, alpha)``; the usual factors are a function of their own."""
    alpha = np.float32(node.get("alpha", 1.67326319217681884765625))
    gamma = np.float32(node.get("gamma", 1.05070102214813232421875))
    # The default attributes are the float32 neighbours of torch's constants.
    if abs(alpha - 1.6732632) < 1e-6 and abs(gamma - 1.0507010) < 1e-6:
        return apply(graph, node, x, "selu")
    return combine(graph, node, "mul", apply(graph, node, x, "elu", float(alpha)),
                   number(float(gamma)))


@lowers("Celu")
def celu(graph: Graph, node: Node, x: Operand) -> Operand:
    """``max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)``."""
    return functions.celu(graph, node, x, node.get("alpha", 1.0))


@lowers("LeakyRelu")
def leaky_relu(graph: Graph, node: Node, x: Operand) -> Operand:
    """``alpha * x`` below zero."""
    return apply(graph, node, x, "leaky_relu", node.get("alpha", 0.01))


@lowers("HardSigmoid")
def hard_sigmoid(graph: Graph, node: Node, x: Operand) -> Operand:
    """``clip(alpha * x + beta, 0, 1)``."""
    return apply(graph, node, x, "hard_sigmoid", node.get("alpha", 0.2), node.get("beta", 0.5))


@lowers("Swish")
def swish(graph: Graph, node: Node, x: Operand) -> Operand:
    """``x * sigmoid(alpha * x)``."""
    alpha = node.get("alpha", 1.0)
    if alpha == 1.0:
        return apply(graph, node, x, "silu")
    inner = combine(graph, node, "mul", x, number(alpha))
    return combine(graph, node, "mul", x, apply(graph, node, inner, "sigmoid"))


@lowers("Clip")
def clip(graph: Graph, node: Node, x: Operand, low: Operand | None = None,
         high: Operand | None = None) -> Operand:
    """Either bound may be absent or infinite; bounds are attributes before opset 11."""
    return functions.clip(graph, node, x, _bound(graph, node, "min", low),
                          _bound(graph, node, "max", high))


def _bound(graph: Graph, node: Node, name: str, operand: Operand | None) -> float | None:
    value = node.get(name)
    if operand is not None:
        value = graph.scalar(operand, node, f"the bound {name}")
    if value is None or np.isinf(np.float32(value)):
        return None
    if np.isnan(value):
        raise FileFormatError(f"the bound {name} is NaN", where=node.where)
    return float(value)


@lowers("Sinh", "Cosh")
def hyperbolic(graph: Graph, node: Node, x: Operand) -> Operand:
    """By exponentials."""
    return angles.hyperbolic(graph, node, x, node.op_type.lower())


@lowers("Asinh", "Acosh", "Atanh")
def inverse_hyperbolic(graph: Graph, node: Node, x: Operand) -> Operand:
    """By logarithms."""
    return angles.inverse_hyperbolic(graph, node, x, node.op_type.lower())


@lowers("Atan")
def arc_tangent(graph: Graph, node: Node, x: Operand) -> Operand:
    """In radians."""
    return angles.arc_tangent(graph, node, x, number(1))


lowers("PRelu")(functions.prelu)
lowers("Asin")(angles.arc_sine)
lowers("Acos")(angles.arc_cosine)
lowers("Tan")(angles.tangent)
lowers("Sin")(trigonometry.sine)
lowers("Cos")(trigonometry.cosine)
