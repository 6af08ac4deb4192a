# SPDX-License-Identifier: MIT
"""Tensors, operators and buffers of a TFLite model while they are collected, and their bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.tflite.schema import OPERATORS, OPTIONS, TYPES

ALIGNMENT = 16


@dataclass(frozen=True)
class Scale:
    """How integers stand for numbers: ``real = scale * (integer - zero_point)``.

    Attributes:
        scales: one, or one per slice of ``axis``.
        zero_points: as many.
        axis: of several scales.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0


@dataclass(frozen=True)
class Tensor:
    """A tensor; ``data`` of a constant."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    data: Array | None = None
    scale: Scale | None = None


@dataclass(frozen=True)
class Operator:
    """An operator; ``options`` are (slot, kind, value), kind one of bool, int8, int32, float32."""

    kind: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: tuple[tuple[int, str, Any], ...] = ()


@dataclass
class Model:
    """One subgraph with one signature."""

    tensors: list[Tensor] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)

    def tensor(self, tensor: Tensor) -> int:
        """Adds a tensor and returns its number."""
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def to_bytes(self, inputs: dict[str, int], outputs: dict[str, int],
                 metadata: dict[str, str]) -> bytes:
        """The file: equal models give equal bytes.

        Args:
            inputs: tensors by their names in the signature ``serving_default``.
            outputs: the same.
            metadata: texts by name.
        """
        import flatbuffers

        return _Bytes(flatbuffers.Builder(1024)).model(self, inputs, outputs, metadata)


class _Bytes:
    """The tables, children first, as flatbuffers want it."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def model(self, model: Model, inputs: dict[str, int], outputs: dict[str, int],
              metadata: dict[str, str]) -> bytes:
        codes = sorted({(operator.kind, operator.version) for operator in model.operators})
        # Buffer 0 is the empty one of all tensors that are computed.
        buffers: list[bytes] = [b""]
        numbers = []
        for tensor in model.tensors:
            numbers.append(len(buffers) if tensor.data is not None else 0)
            if tensor.data is not None:
                little = tensor.data.dtype.newbyteorder("<")
                buffers.append(np.ascontiguousarray(tensor.data, little).tobytes())
        entries = []
        for name, text in metadata.items():
            entries.append((name, len(buffers)))
            buffers.append(text.encode())
        tensors = self._tables([self._tensor(tensor, number) for tensor, number
                                in zip(model.tensors, numbers, strict=True)])
        operators = self._tables([
            self._operator(each, codes.index((each.kind, each.version)))
            for each in model.operators])
        name = self.builder.CreateString("main")
        ends = [self._numbers(list(side.values()), "<i4") for side in (inputs, outputs)]
        graph = self._table({0: tensors, 1: ends[0], 2: ends[1], 3: operators, 4: name})
        signature = self._signature(inputs, outputs)
        described = self._tables([
            self._table({0: self.builder.CreateString(key)}, numbers={1: ("Uint32", number)})
            for key, number in entries])
        kinds = self._tables([
            self._table({}, numbers={0: ("Int8", min(OPERATORS[kind], 127)),
                                     2: ("Int32", version), 3: ("Int32", OPERATORS[kind])})
            for kind, version in codes])
        contents = self._tables([
            self._table({0: self._numbers(content, "u1", ALIGNMENT)} if content else {})
            for content in buffers])
        description = self.builder.CreateString("puffer-edge")
        root = self._table({1: kinds, 2: self._tables([graph]), 3: description, 4: contents,
                            6: described, 7: self._tables([signature])},
                           numbers={0: ("Uint32", 3)})
        self.builder.Finish(root, file_identifier=b"TFL3")
        return bytes(self.builder.Output())

    def _tensor(self, tensor: Tensor, buffer: int) -> int:
        children = {0: self._numbers(list(tensor.shape), "<i4"),
                    3: self.builder.CreateString(tensor.name)}
        if tensor.scale is not None:
            scales = self._numbers(list(tensor.scale.scales), "<f4")
            points = self._numbers(list(tensor.scale.zero_points), "<i8", 8)
            children[4] = self._table({2: scales, 3: points},
                                      numbers={6: ("Int32", tensor.scale.axis)})
        return self._table(children, numbers={
            1: ("Int8", TYPES[tensor.dtype]), 2: ("Uint32", buffer), 8: ("Bool", True)})

    def _operator(self, operator: Operator, code: int) -> int:
        children = {1: self._numbers(list(operator.inputs), "<i4"),
                    2: self._numbers(list(operator.outputs), "<i4")}
        numbers: dict[int, tuple[str, Any]] = {0: ("Uint32", code)}
        if operator.kind in OPTIONS:
            children[4] = self._table({}, numbers={
                slot: (kind, value) for slot, kind, value in operator.options})
            numbers[3] = ("Uint8", OPTIONS[operator.kind])
        return self._table(children, numbers=numbers)

    def _signature(self, inputs: dict[str, int], outputs: dict[str, int]) -> int:
        sides = [self._tables([
            self._table({0: self.builder.CreateString(name)}, numbers={1: ("Uint32", tensor)})
            for name, tensor in side.items()]) for side in (inputs, outputs)]
        key = self.builder.CreateString("serving_default")
        return self._table({0: sides[0], 1: sides[1], 2: key})

    def _table(self, children: dict[int, int],
               numbers: dict[int, tuple[str, Any]] | None = None) -> int:
        numbers = numbers or {}
        self.builder.StartObject(max([-1, *children, *numbers]) + 1)
        for slot, child in children.items():
            self.builder.PrependUOffsetTRelativeSlot(slot, child, 0)
        for slot, (kind, value) in numbers.items():
            # No default, so that every number is written.
            getattr(self.builder, f"Prepend{kind}Slot")(slot, value, None)
        return int(self.builder.EndObject())

    def _tables(self, offsets: list[int]) -> int:
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return int(self.builder.EndVector())

    def _numbers(self, values: list[Any] | bytes, dtype: str, alignment: int = 4) -> int:
        raw = (values if isinstance(values, bytes) else np.array(values, dtype).tobytes())
        count = len(raw) // np.dtype(dtype).itemsize
        self.builder.StartVector(np.dtype(dtype).itemsize, count, alignment)
        self.builder.head -= len(raw)
        self.builder.Bytes[self.builder.head:self.builder.head + len(raw)] = raw
        return int(self.builder.EndVector())
