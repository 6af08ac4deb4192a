"""Elementwise functions of one tensor."""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.onnx.arithmetic import combine
from puffer_edge.frontends.onnx.graph import Graph, Operand, lowers, number
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import Unary

FUNCTION = {
    "Abs": "abs", "Erf": "erf", "Exp": "exp", "HardSwish": "hard_swish", "Log": "log",
    "Mish": "mish", "Neg": "neg", "Reciprocal": "reciprocal", "Relu": "relu", "Sigmoid": "sigmoid",
    "Softplus": "softplus", "Sqrt": "sqrt", "Tanh": "tanh",
}
"""op_type -> key of ``ir.functions.FUNCTIONS``, where neither has parameters."""

_INTEGERS = {"Abs": np.abs, "Neg": np.negative}


def apply(graph: Graph, node: Node, x: Operand, function: str, *parameters: float) -> Operand:
    """One function of the registry with its parameters."""
    return graph.add(node, Unary, x=x, function=Activation(function, parameters))


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
    alpha = node.get("alpha", 1.0)
    if alpha == 1.0:
        return apply(graph, node, x, "elu", 1.0)
    if not alpha > 0:
        raise node.refuse(f"alpha = {alpha:g}; it must be positive")
    zero = number(0)
    below = combine(graph, node, "min", x, zero)
    scaled = combine(graph, node, "div", below, number(alpha))
    return combine(graph, node, "add", combine(graph, node, "max", x, zero),
                   apply(graph, node, scaled, "elu", alpha))


@lowers("LeakyRelu")
def leaky_relu(graph: Graph, node: Node, x: Operand) -> Operand:
    """``alpha * x`` below zero."""
    return apply(graph, node, x, "leaky_relu", node.get("alpha", 0.01))


@lowers("PRelu")
def prelu(graph: Graph, node: Node, x: Operand, slope: Operand) -> Operand:
    """One slope: a leaky ReLU; a slope per channel: ``max(x, 0) + slope * min(x, 0)``."""
    if not isinstance(slope, str) and slope.size == 1:
        return apply(graph, node, x, "leaky_relu", graph.scalar(slope, node, "the slope"))
    zero = number(0)
    below = combine(graph, node, "mul", combine(graph, node, "min", x, zero), slope)
    return combine(graph, node, "add", combine(graph, node, "max", x, zero), below)


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


@lowers("Softsign")
def softsign(graph: Graph, node: Node, x: Operand) -> Operand:
    """``x / (1 + |x|)``."""
    one = number(1)
    return combine(graph, node, "div", x,
                   combine(graph, node, "add", apply(graph, node, x, "abs"), one))


@lowers("Clip")
def clip(graph: Graph, node: Node, x: Operand, low: Operand | None = None,
         high: Operand | None = None) -> Operand:
    """Either bound may be absent or infinite; bounds are attributes before opset 11."""
    minimum, maximum = _bound(graph, node, "min", low), _bound(graph, node, "max", high)
    if not isinstance(x, str):
        graph.spend(node, x.size)
        return np.minimum(np.maximum(x, -np.inf if minimum is None else minimum),
                          np.inf if maximum is None else maximum).astype(x.dtype)
    if minimum is not None and maximum is not None:
        return apply(graph, node, x, "clip", minimum, maximum)
    if minimum == 0.0:
        return apply(graph, node, x, "relu")
    if minimum is not None:
        return combine(graph, node, "max", x, number(minimum))
    if maximum is not None:
        return combine(graph, node, "min", x, number(maximum))
    return x


def _bound(graph: Graph, node: Node, name: str, operand: Operand | None) -> float | None:
    value = node.get(name)
    if operand is not None:
        value = graph.scalar(operand, node, f"the bound {name}")
    if value is None or np.isinf(np.float32(value)):
        return None
    if np.isnan(value):
        raise FileFormatError(f"the bound {name} is NaN", where=node.where)
    return float(value)
