# SPDX-License-Identifier: MIT
"""A graph that was exported with a fixed batch: one row of it is a step, as of ONNX files.

What is fixed to the batch inside, the sizes that view, reshape and the like are given, becomes one
row, too; whether that is right is told by numbers (``onnx.batch.check_rows``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from puffer_edge.frontends.aten.exported import Exported

_SIZES = {"view": "size", "reshape": "shape", "_unsafe_view": "size", "expand": "size",
          "zeros": "size", "ones": "size", "full": "size", "new_zeros": "size"}
"""Ops that are given a shape -> the name of that argument."""


def fixed_batch(exported: Exported, observation: int) -> int:
    """Rows of the batch; 1 where there is none, or where the user's observation takes them all.

    Args:
        exported: the graph.
        observation: elements that the user says the observation has; 0 for nothing.
    """
    first = exported.ports[0].shape if exported.ports else ()
    rows = first[0] if len(first) > 1 else 1
    if rows < 2 or observation == prod(first):
        return 1
    shapes = [port.shape for port in exported.ports]
    shapes += [result.shape for result in exported.results if result.name]
    every = [shape for shape in shapes if len(shape) > 1]
    told = any(result.shape[:1] == (rows,) for result in exported.results)
    return rows if told and all(_axis(shape, rows) is not None for shape in every) else 1


def one_row(exported: Exported, rows: int) -> Exported:
    """The same graph for one row."""
    return replace(
        exported,
        ports=tuple(replace(port, shape=_one(port.shape, rows)) for port in exported.ports),
        results=tuple(replace(result, shape=_one(result.shape, rows))
                      for result in exported.results),
        calls=tuple(replace(call, arguments=_sizes(call.arguments, _SIZES[call.op], rows))
                    if call.op in _SIZES else call for call in exported.calls))


def _sizes(arguments: Mapping[str, Any], name: str, rows: int) -> Mapping[str, Any]:
    sizes = arguments.get(name)
    if not isinstance(sizes, list | tuple):
        return arguments
    return {**arguments, name: list(_one(tuple(sizes), rows))}


def _one(shape: tuple[Any, ...], rows: int) -> tuple[Any, ...]:
    axis = _axis(shape, rows)
    return shape if axis is None else (*shape[:axis], 1, *shape[axis + 1 :])


def _axis(shape: tuple[Any, ...], rows: int) -> int | None:
    """Where the batch is: first, or second in the state of a recurrent layer."""
    if shape and shape[0] == rows:
        return 0
    return 1 if len(shape) == 3 and shape[1] == rows else None
