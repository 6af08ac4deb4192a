# SPDX-License-Identifier: MIT
"""What integers, booleans and decisions may meet: all are float32 on the device.

A whole number stays exact where an op only moves, compares or bounds it. Booleans are 0 and 1. A
decision (ArgMax) stands for its logits until something computes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.frontends.onnx.node import Node
from puffer_edge.ir.ops import Concat

_MOVING = frozenset(("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose",
                     "Concat", "Split", "Slice", "Gather", "Expand", "Tile", "Dropout"))
_PLACING = frozenset(("ScatterElements", "ScatterND", "Scatter"))
_KEEPING = frozenset(("Abs", "Clip", "GatherElements", "GatherND", "Max", "Min", "Neg", "ReduceMax",
                      "ReduceMin", "Sign", "TopK", "Where")) | _PLACING
"""Ops that give no number which is not there already, but for its sign."""
_COMPARING = frozenset(("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"))
_LOGIC = frozenset(("And", "Cast", "Not", "Or", "Shape", "Size", "Where", "Xor"))
_AFTER_CHOICE = frozenset(("Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze"))
_TAKE_INTEGERS = frozenset((
    "Cast", "Shape", "Size", "DequantizeLinear", "QLinearMatMul", "QLinearConv", "QGemm",
    "MatMulInteger", "ConvInteger"))
_INDEX = {"OneHot": (0, 1, 2), "Gather": (1,), "GatherElements": (1,), "GatherND": (1,),
          "ScatterElements": (1,), "Scatter": (1,), "ScatterND": (1,)}
"""Inputs that are indices; the others are data."""


def follow(graph: Graph, node: Node, operands: Sequence[Operand | None]) -> list[Operand | None]:
    """Marks what a node gives, and its operands: constants are floats beside computed ones.

    Raises:
        UnsupportedError: arithmetic on integers or booleans.
    """
    index = _INDEX.get(node.op_type, ())
    data = [name for place, name in enumerate(node.inputs) if name and place not in index]
    _follow_integers(graph, node, data)
    _follow_masks(graph, node, set(data))
    if node.op_type not in _COMPARING | _PLACING | {"Concat", "Max", "Min", "Where"} or not any(
            isinstance(x, str) for place, x in enumerate(operands) if place not in index):
        return list(operands)
    kept = {0} if node.op_type == "Where" else set(index)
    return [x if x is None or isinstance(x, str) or place in kept or x.dtype.kind == "f"
            else x.astype(np.float32) for place, x in enumerate(operands)]


def _follow_integers(graph: Graph, node: Node, data: Sequence[str]) -> None:
    whole = graph.integers.intersection(data)
    if not whole:
        return
    if node.op_type == "ReduceSum" and whole <= graph.counts:  # of what was boolean
        graph.counts.update(node.outputs)
        graph.integers.update(node.outputs)
    elif node.op_type in _MOVING | _KEEPING:
        graph.integers.update(node.outputs)
        if graph.counts.issuperset(data):
            graph.counts.update(node.outputs)
    elif node.op_type not in _TAKE_INTEGERS | _COMPARING:
        raise node.refuse("arithmetic on integers", "cast the observation to float32 first")


def _follow_masks(graph: Graph, node: Node, data: set[str]) -> None:
    """A boolean is a number only after a Cast."""
    if data.isdisjoint(graph.masks):
        return
    if node.op_type in _MOVING | _PLACING | {"ReduceMax", "ReduceMin"} or (
            node.op_type == "Where" and not graph.masks.isdisjoint(node.inputs[1:])):
        graph.masks.update(node.outputs)
    elif node.op_type not in _LOGIC:
        raise node.refuse("arithmetic on booleans", "cast them to float32 before the export")


def passes_choice(node: Node) -> bool:
    """Whether an op only changes the shape or the type of a decision."""
    return node.op_type in _AFTER_CHOICE or node.op_type == "Concat"


def decide(graph: Graph, node: Node) -> None:
    """Puts the index of a choice in the place of each decision that a node computes with."""
    for name in node.inputs:
        if name in graph.deciding:
            graph.deciding.pop(name)()


def after_choice(graph: Graph, node: Node) -> Operand:
    """Passes logits through what only changes the shape or the type of a decision."""
    heads = [graph.choices[name] for name in node.inputs if name in graph.choices]
    if node.op_type == "Concat" and len(heads) == len(node.inputs):
        flat = tuple(reshaped(graph, node, graph.operands[name],
                                    (1, prod(graph.shape(graph.operands[name]))))
                     for name in node.inputs)
        graph.choices[node.outputs[0]] = tuple(n for sizes in heads for n in sizes)
        return graph.add(node, Concat, xs=flat, axis=1)
    if node.op_type == "Concat" or node.inputs[0] not in graph.choices:
        raise node.refuse("it reads the result of LogSoftmax at the end of a head",
                          "export the logits")
    graph.choices[node.outputs[0]] = heads[0]
    return graph.operands[node.inputs[0]]
