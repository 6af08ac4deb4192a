# SPDX-License-Identifier: MIT
"""TFLite models as plain data: tensors and operators of the one subgraph."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.readers.budget import Budget, is_shape
from puffer_edge.readers.flatbuffer import FlatBuffer, Table
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.tflite_operators import operator_name

TYPES = {0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 7: "int16",
         9: "int8", 10: "float64"}
"""Numbers of tflite.TensorType."""
MAX_TENSORS = 4096


@dataclass(frozen=True)
class Tensor:
    """A tensor.

    Attributes:
        name: as the file has it.
        shape: the batch included.
        dtype: as numpy calls it.
        data: of a constant, else None.
        scales, zeros: what its integers stand for, ``(q - zero) * scale``; empty for none.
        axis: that has a scale each, where there are several.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    data: Array | None
    scales: Array = field(default_factory=lambda: np.empty(0, np.float32))
    zeros: Array = field(default_factory=lambda: np.empty(0, np.int64))
    axis: int = 0

    @property
    def quantised(self) -> bool:
        """Whether its integers stand for real numbers."""
        return bool(self.scales.size) and self.dtype in (
            "int8", "uint8", "int16", "int32", "int64")


@dataclass(frozen=True)
class Operator:
    """An operator.

    Attributes:
        code: number of tflite.BuiltinOperator.
        inputs, outputs: numbers of tensors; -1 is an absent input.
        options: its options, None for none.
    """

    code: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None

    @property
    def name(self) -> str:
        """What tflite.BuiltinOperator calls it."""
        return operator_name(self.code)


@dataclass(frozen=True)
class TFLiteModel:
    """What a file holds, and what may still be made of it."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    budget: Budget


def load_tflite_model(path: Path) -> TFLiteModel:
    """Reads a model.

    Raises:
        FileFormatError: the file is damaged.
        UnsupportedError: it has several subgraphs, or tensors of other types.
    """
    where = str(path)
    buffer = FlatBuffer(read_file(path), where)
    model = buffer.root()
    subgraphs = model.tables(2)
    if len(subgraphs) != 1:
        raise UnsupportedError(f"the model has {len(subgraphs)} subgraphs", where=where,
                               hint="one is supported: no control flow, no state")
    graph = subgraphs[0]
    # Numbers above 127 are in the newer field; the older one holds 127 then.
    codes = [max(code.number(3), code.number(0, "<b")) for code in model.tables(1)]
    tables, buffers = graph.tables(0), model.tables(4)
    if len(tables) > MAX_TENSORS:
        raise buffer.error("the model has more tensors than any policy")
    tensors = [_tensor(table, buffers, buffer, where) for table in tables]
    operators = []
    for table in graph.tables(3):
        buffer.budget.parts()
        index = table.number(0, "<I")
        if index >= len(codes):
            raise buffer.error("an operator is of no kind")
        operators.append(Operator(codes[index], _numbers(table, 1, len(tensors), buffer),
                                  _numbers(table, 2, len(tensors), buffer), table.table(4)))
    return TFLiteModel(tensors, operators, _numbers(graph, 1, len(tensors), buffer),
                       _numbers(graph, 2, len(tensors), buffer), buffer.budget)


def _numbers(table: Table, index: int, count: int, buffer: FlatBuffer) -> tuple[int, ...]:
    numbers = tuple(int(n) for n in table.array(index, "<i4"))
    if any(not -1 <= n < count for n in numbers):
        raise buffer.error("an operator uses a tensor that is not there")
    return numbers


def _tensor(table: Table, buffers: list[Table], buffer: FlatBuffer, where: str) -> Tensor:
    name, kind = table.text(3), table.number(1, "<b")
    shape = tuple(int(n) for n in table.array(0, "<i4"))
    if not is_shape(shape):
        raise buffer.error("a tensor's shape is malformed")
    if kind not in TYPES:
        raise UnsupportedError(f"a tensor is of TFLite's type {kind}", where=where,
                               hint="convert the float model without quantisation")
    number = table.number(2, "<I")
    if number >= len(buffers):
        raise buffer.error("a tensor's data is missing")
    content = buffers[number].array(0, "u1")
    dtype = np.dtype(TYPES[kind]).newbyteorder("<")
    scales, zeros, axis = _meaning(table.table(4), shape, buffer)
    if not content.size:
        return Tensor(name, shape, TYPES[kind], None, scales, zeros, axis)
    if content.size != prod(shape) * dtype.itemsize:
        raise buffer.error("a tensor has more or fewer numbers than its shape")
    buffer.budget.array(shape)  # a constant becomes float32 sooner or later
    data = content.view(dtype).reshape(shape).astype(TYPES[kind], copy=False)
    return Tensor(name, shape, TYPES[kind], data, scales, zeros, axis)


def _meaning(table: Table | None, shape: tuple[int, ...], buffer: FlatBuffer
             ) -> tuple[Array, Array, int]:
    """Scales, zero points and their axis, as tflite.QuantizationParameters has them."""
    nothing = np.empty(0, np.float32), np.empty(0, np.int64), 0
    if table is None:
        return nothing
    scales, zeros, axis = table.array(2, "<f4"), table.array(3, "<i8"), table.number(6)
    if not scales.size:
        return nothing
    zeros = zeros if zeros.size else np.zeros(scales.size, np.int64)
    if zeros.size != scales.size or not (np.isfinite(scales).all() and (scales > 0).all()) or (
            scales.size > 1 and not (0 <= axis < len(shape) and shape[axis] == scales.size)):
        raise buffer.error("a tensor's scales are malformed")
    return scales.astype(np.float32), zeros.astype(np.int64), int(axis)
