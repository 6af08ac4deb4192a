# SPDX-License-Identifier: MIT
"""Elementwise functions of one tensor."""

from __future__ import annotations

from math import isinf, log
from typing import Any

import numpy as np

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph import angles, functions, trigonometry
from puffer_edge.frontends.graph.arithmetic import combine, scaled
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand, number
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.ops import Split

_FUNCTION = {known.torch.rpartition(".")[2]: name for name, known in FUNCTIONS.items()
             if known.torch and not known.parameters}
"""Op -> key of ``ir.functions.FUNCTIONS``, where neither has parameters."""


@lowers(*_FUNCTION)
def unary(graph: Graph, node: Node, x: Operand) -> Operand:
    """One to one."""
    return apply(graph, node, x, _FUNCTION[node.op_type.split(".")[1].rstrip("_")])


@lowers("gelu")
def gelu(graph: Graph, node: Node, x: Operand, approximate: str = "none") -> Operand:
    """Exact, or by tanh."""
    if approximate not in ("none", "tanh"):
        raise node.refuse(f"approximate = {approximate!r}")
    return apply(graph, node, x, "gelu" if approximate == "none" else "gelu_tanh")


@lowers("elu")
def elu(graph: Graph, node: Node, x: Operand, alpha: float = 1, scale: float = 1,
        input_scale: float = 1) -> Operand:
    """``alpha * (exp(x) - 1)`` below zero."""
    if scale != 1 or input_scale != 1:
        raise node.refuse(f"scale = {scale}, input_scale = {input_scale}")
    return apply(graph, node, x, "elu", float(alpha))


@lowers("celu")
def celu(graph: Graph, node: Node, x: Operand, alpha: float = 1) -> Operand:
    """``max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)``."""
    return functions.celu(graph, node, x, alpha)


@lowers("leaky_relu")
def leaky_relu(graph: Graph, node: Node, x: Operand, negative_slope: float = 0.01) -> Operand:
    """``negative_slope * x`` below zero."""
    return apply(graph, node, x, "leaky_relu", float(negative_slope))


@lowers("prelu")
def prelu(graph: Graph, node: Node, x: Operand, weight: Operand) -> Operand:
    """A slope for all, or one per channel (axis 1)."""
    rank, slopes = len(graph.shape(x)), graph.shape(weight)
    if rank > 2 and slopes != (1,):
        weight = reshaped(graph, node, weight, (*slopes, *(1,) * (rank - 2)))
    return functions.prelu(graph, node, x, weight)


@lowers("softplus")
def softplus(graph: Graph, node: Node, x: Operand, beta: float = 1, threshold: float = 20
             ) -> Operand:
    """``log(1 + exp(beta * x)) / beta``; above the threshold it is x but for 2e-9."""
    if threshold < 20:
        raise node.refuse(f"threshold = {threshold}")
    if not beta > 0:
        raise node.refuse(f"beta = {beta:g}; it must be positive")
    return apply(graph, node, x, "softplus", float(beta))


@lowers("log_sigmoid")
def log_sigmoid(graph: Graph, node: Node, x: Operand) -> Operand:
    """``-softplus(-x)``."""
    return apply(graph, node, apply(graph, node, apply(graph, node, x, "neg"), "softplus"), "neg")


@lowers("hardsigmoid")
def hardsigmoid(graph: Graph, node: Node, x: Operand) -> Operand:
    """``relu6(x + 3) / 6``, in torch's order."""
    shifted = combine(graph, node, "add", x, number(3))
    return combine(graph, node, "div", apply(graph, node, shifted, "clip", 0.0, 6.0), number(6))


@lowers("relu6")
def relu6(graph: Graph, node: Node, x: Operand) -> Operand:
    """``min(max(x, 0), 6)``."""
    return apply(graph, node, x, "clip", 0.0, 6.0)


@lowers("hardtanh")
def hardtanh(graph: Graph, node: Node, x: Operand, min_val: float = -1, max_val: float = 1
             ) -> Operand:
    """``min(max(x, min_val), max_val)``."""
    return clamp(graph, node, x, min_val, max_val)


@lowers("clamp", "clamp_min", "clamp_max", "clip")
def clamp(graph: Graph, node: Node, x: Operand, min: Any = None, max: Any = None) -> Operand:
    """Bounds are numbers or tensors; either may be absent."""
    if not isinstance(min, str | np.ndarray) and not isinstance(max, str | np.ndarray):
        return functions.clip(graph, node, x, *(
            None if bound is None or isinf(np.float32(bound)) else float(bound)
            for bound in (min, max)))
    for function, bound in (("max", min), ("min", max)):
        if bound is not None:
            bound = bound if isinstance(bound, str | np.ndarray) else number(bound)
            x = combine(graph, node, function, x, bound)
    return x


@lowers("rsqrt")
def rsqrt(graph: Graph, node: Node, x: Operand) -> Operand:
    """``1 / sqrt(x)``."""
    return apply(graph, node, apply(graph, node, x, "sqrt"), "reciprocal")


@lowers("square")
def square(graph: Graph, node: Node, x: Operand) -> Operand:
    """``x * x``."""
    return combine(graph, node, "mul", x, x)


@lowers("glu")
def glu(graph: Graph, node: Node, x: Operand, dim: int = -1) -> Operand:
    """The first half of an axis, gated by the sigmoid of the second."""
    axis = dim % len(graph.shape(x))
    half = graph.shape(x)[axis] // 2
    a, b = graph.add_many(node, Split, 2, x=x, sizes=(half, half), axis=axis)
    return combine(graph, node, "mul", a, apply(graph, node, b, "sigmoid"))


@lowers("exp2", "log2", "log10")
def of_other_bases(graph: Graph, node: Node, x: Operand) -> Operand:
    """``exp(x ln 2)``, ``log(x) / ln 2``, ``log(x) / ln 10``."""
    op = node.op_type.split(".")[1].rstrip("_")
    if op == "exp2":
        return apply(graph, node, scaled(graph, node, x, log(2)), "exp")
    return scaled(graph, node, apply(graph, node, x, "log"), 1 / log(float(op[3:])))


@lowers("sinh", "cosh")
def hyperbolic(graph: Graph, node: Node, x: Operand) -> Operand:
    """By exponentials."""
    return angles.hyperbolic(graph, node, x, node.op_type.split(".")[1].rstrip("_"))


@lowers("asinh", "acosh", "atanh", "arcsinh", "arccosh", "arctanh")
def inverse_hyperbolic(graph: Graph, node: Node, x: Operand) -> Operand:
    """By logarithms."""
    op = node.op_type.split(".")[1].rstrip("_")
    return angles.inverse_hyperbolic(graph, node, x, op.replace("arc", "a"))


@lowers("atan", "arctan")
def arc_tangent(graph: Graph, node: Node, x: Operand) -> Operand:
    """In radians."""
    return angles.arc_tangent(graph, node, x, number(1))


@lowers("atan2", "arctan2")
def arc_tangent_of_two(graph: Graph, node: Node, x: Operand, other: Operand) -> Operand:
    """Of ``x`` over ``other``, in radians."""
    return angles.arc_tangent(graph, node, x, other)


lowers("asin", "arcsin")(angles.arc_sine)
lowers("acos", "arccos")(angles.arc_cosine)
lowers("tan")(angles.tangent)
lowers("sin")(trigonometry.sine)
lowers("cos")(trigonometry.cosine)
