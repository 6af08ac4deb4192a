# SPDX-License-Identifier: MIT
"""Declared inputs and outputs of a graph; every dynamic dimension becomes 1."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from typing import Any

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.graph.graph import MAX_ELEMENTS
from puffer_edge.frontends.graph.names import normalised
from puffer_edge.frontends.graph.ports import Port
from puffer_edge.readers.text import printable

_ONE = re.compile(r"(.*_)?(batch|batch_size|batchsize|bs|b|n|num_envs|envs|n_envs|seq|seq_len|"
                  r"sequence|sequence_length|seq_length|t|time|time_steps|steps)")


def ports_of(graph: Any, where: str) -> tuple[list[Port], list[Port], set[str]]:
    """Inputs, outputs, and the names of the dimensions that were taken as 1.

    Initializers that are listed as inputs, as old exporters do, are left out.

    Raises:
        UnsupportedError: an input is not a tensor or has a dimension of unknown size.
        FileFormatError: an input is unreasonably large.
    """
    weights = {tensor.name for tensor in graph.initializer}
    declared = [port for port in graph.input if port.name not in weights]
    batch = {d.dim_param for port in declared for d in port.type.tensor_type.shape.dim[:1]
             if d.dim_param}
    assumed: set[str] = set()
    inputs = [_input(port, batch, assumed, where) for port in declared]
    return inputs, [_output(port, batch) for port in graph.output], assumed


def _input(port: Any, batch: set[str], assumed: set[str], where: str) -> Port:
    place = f"{where}, input {printable(port.name)}"
    if port.type.WhichOneof("value") != "tensor_type":
        raise UnsupportedError("it is not a tensor", where=place)
    if not port.type.tensor_type.HasField("shape"):
        raise UnsupportedError("it has no declared shape", where=place,
                               hint="export with an example observation of a fixed shape")
    dims = port.type.tensor_type.shape.dim
    shape = []
    for axis, dim in enumerate(dims):
        size = _static(dim, batch)
        if size is None and dim.HasField("dim_value") and dim.dim_value == 0:
            raise UnsupportedError(f"dimension {axis} is empty", where=place)
        if size is None and (axis == 0 or (axis == 1 and len(dims) == 3 and not dim.dim_param)):
            size = 1
        if size is None:
            raise UnsupportedError(
                f"dimension {axis} ({printable(dim.dim_param) or 'unnamed'}) has no size",
                where=place, hint="export with fixed sizes; only the batch may be dynamic")
        if not dim.dim_value > 0:
            assumed.add(printable(dim.dim_param) or f"{printable(port.name)}[{axis}]")
        shape.append(size)
    if prod(shape) > MAX_ELEMENTS:
        raise FileFormatError(f"its shape {shape} is too large", where=place)
    return Port(port.name, tuple(shape), port.type.tensor_type.elem_type)


def _output(port: Any, batch: set[str]) -> Port:
    tensor = port.type.tensor_type
    if not tensor.HasField("shape"):
        return Port(port.name, None, tensor.elem_type)
    return Port(port.name, tuple(_static(dim, batch) for dim in tensor.shape.dim),
                tensor.elem_type)


def _static(dim: Any, batch: Sequence[str] | set[str]) -> int | None:
    """The size of a dimension; 1 for a batch or time, None where nothing is known."""
    if dim.dim_value > 0:
        return int(dim.dim_value)
    if dim.dim_param and (dim.dim_param in batch or _ONE.fullmatch(normalised(dim.dim_param))):
        return 1
    return None
