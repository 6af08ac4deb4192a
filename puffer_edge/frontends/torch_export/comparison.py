"""Comparisons, logic and choices: masks of the numbers 0 and 1, without branches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from puffer_edge.frontends.onnx import comparison as onnx
from puffer_edge.frontends.onnx.graph import Graph, Operand
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.frontends.torch_export.lower import lowers, operand

_COMPARE = {"eq": "Equal", "ge": "GreaterOrEqual", "gt": "Greater", "le": "LessOrEqual",
            "lt": "Less"}
_LOGIC = {"and": "And", "not": "Not", "or": "Or", "xor": "Xor"}


def _as(node: Node, op_type: str) -> Node:
    return replace(node, op_type=op_type)


@lowers(*_COMPARE, "ne", moving=True)
def compare(graph: Graph, node: Node, x: Operand, other: Any) -> Operand:
    """A tensor with another or with a number."""
    op = node.op_type.split(".")[1]
    if op == "ne":
        equal = onnx.compare(graph, _as(node, "Equal"), x, operand(other))
        return onnx.logic(graph, _as(node, "Not"), equal)
    return onnx.compare(graph, _as(node, _COMPARE[op]), x, operand(other))


@lowers(*(f"{kind}_{op}" for op in _LOGIC for kind in ("logical", "bitwise")), "__and__", "__or__",
        moving=True)
def logic(graph: Graph, node: Node, x: Operand, other: Operand | None = None) -> Operand:
    """Of masks only."""
    op = node.op_type.split(".")[1].strip("_").removeprefix("logical_").removeprefix("bitwise_")
    masks = [x] if other is None else [x, other]
    if any(not isinstance(m, str) and m.dtype != np.bool_ for m in masks):
        raise node.refuse("numbers in place of booleans")
    return onnx.logic(graph, _as(node, _LOGIC[op]), *masks)


@lowers("where")
def where(graph: Graph, node: Node, condition: Operand, x: Any, other: Any) -> Operand:
    """``x`` where the mask is set, else ``other``."""
    return onnx.where(graph, node, condition, operand(x), operand(other))


@lowers("masked_fill")
def masked_fill(graph: Graph, node: Node, x: Operand, mask: Operand, value: Any) -> Operand:
    """A number where the mask is set."""
    return onnx.where(graph, node, mask, operand(value), x)


@lowers("sign", "sgn")
def sign(graph: Graph, node: Node, x: Operand) -> Operand:
    """-1, 0 or 1."""
    return onnx.sign(graph, node, x)
