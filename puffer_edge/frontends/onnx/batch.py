# SPDX-License-Identifier: MIT
"""A graph that was exported with a fixed batch, as for 12 environments: one row of it is a step.

The first axis of the observation is a batch where every output has the same number of rows. What is
fixed to it inside, the shapes that Reshape and Expand are given, becomes one row, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

from puffer_edge.frontends.graph.ports import Port

_SHAPES = {"Reshape": 1, "Expand": 1, "ConstantOfShape": 0}
"""Ops that are given a shape -> the place of that input."""


def fixed_batch(inputs: Sequence[Port], outputs: Sequence[Port], observation: int) -> int:
    """Rows of the batch; 1 where there is none, or where the user's observation takes them all.

    Args:
        inputs: of the graph.
        outputs: of the graph; those without a declared shape do not tell.
        observation: elements that the user says the observation has; 0 for nothing.
    """
    first = inputs[0].sizes if inputs else ()
    rows = first[0] if len(first) > 1 else 1
    shapes = [port.shape for port in outputs if port.shape]
    if rows == 1 or not shapes or observation == prod(first):
        return 1
    every = [shape for shape in (*(port.sizes for port in inputs), *shapes) if len(shape) > 1]
    told = any(shape[0] == rows for shape in shapes)
    return rows if told and all(_axis(shape, rows) is not None for shape in every) else 1


def one_row(port: Port, rows: int) -> Port:
    """The port without the batch."""
    axis = _axis(port.shape or (), rows)
    if axis is None or port.shape is None:
        return port
    return replace(port, shape=(*port.shape[:axis], 1, *port.shape[axis + 1 :]))


def with_one_row(original: Any, rows: int) -> Any:
    """A copy of the graph whose ops are given the shapes of one row."""
    from onnx import numpy_helper

    graph = type(original)()
    graph.CopyFrom(original)
    given = {node.input[_SHAPES[node.op_type]] for node in graph.node
             if node.op_type in _SHAPES and len(node.input) > _SHAPES[node.op_type]}
    tensors = [tensor for tensor in graph.initializer if tensor.name in given]
    tensors += [attribute.t for node in graph.node
                if node.op_type == "Constant" and node.output[0] in given
                for attribute in node.attribute if attribute.name == "value"]
    for tensor in tensors:
        shape = numpy_helper.to_array(tensor).copy()
        axis = _axis(tuple(shape.reshape(-1).tolist()), rows)
        if axis is not None:
            shape.reshape(-1)[axis] = 1
            tensor.CopyFrom(numpy_helper.from_array(shape, tensor.name))
    return graph


def _axis(shape: Sequence[int | None], rows: int) -> int | None:
    """Where the batch is: first, or second in the state of a recurrent layer."""
    if shape and shape[0] == rows:
        return 0
    return 1 if len(shape) == 3 and shape[1] == rows else None
