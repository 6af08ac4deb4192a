# SPDX-License-Identifier: MIT
"""safetensors files: a JSON header with names, types and places, then the numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.readers.budget import Budget, is_shape
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.text import printable

MAX_HEADER = 8 << 20
MAX_TENSORS = 10_000
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4",
          "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?"}


def load_safetensors(path: Path) -> dict[str, Array]:
    """The tensors by name; bfloat16 as float32.

    Raises:
        FileFormatError: the file is damaged: each byte must belong to exactly one tensor.
        UnsupportedError: a tensor is of a type that policies do not have.
    """
    where = str(path)
    content = read_file(path)
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 2 <= length <= min(MAX_HEADER, len(content) - 8):
        raise FileFormatError("the header is damaged", where=where)
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise FileFormatError("the header is no JSON", where=where) from error
    if not isinstance(header, dict) or len(header) > MAX_TENSORS:
        raise FileFormatError("the header is damaged", where=where)
    header.pop("__metadata__", None)
    data, budget, end = content[8 + length :], Budget(len(content), where), 0
    tensors: dict[str, Array] = {}
    entries = [(*_entry(value, f"{where}: {printable(name)}"), name)
               for name, value in header.items()]
    for start, stop, kind, shape, name in sorted(entries, key=lambda entry: entry[:2]):
        place = f"{where}: {printable(name)}"
        count = budget.array(shape)
        if start != end or stop - start != count * np.dtype(kind).itemsize or stop > len(data):
            raise FileFormatError("the tensor's bytes are not where they should be", where=place)
        numbers = np.frombuffer(data[start:stop], kind)
        if kind == "<u2":
            numbers = (numbers.astype(np.uint32) << 16).view(np.float32)
        tensors[name] = numbers.reshape(shape)
        end = stop
    if end != len(data):
        raise FileFormatError("something follows the tensors", where=where)
    return {name: tensors[name] for name in header}


def _entry(value: Any, where: str) -> tuple[int, int, str, tuple[int, ...]]:
    """Start, end, numpy's type, and shape."""
    fields = value if isinstance(value, dict) else {}
    offsets, shape = fields.get("data_offsets"), fields.get("shape")
    kind = fields.get("dtype")
    shape = tuple(shape) if isinstance(shape, list) else None
    if not is_shape(shape) or not isinstance(kind, str) or not (
            isinstance(offsets, list) and len(offsets) == 2 and is_shape(tuple(offsets))):
        raise FileFormatError("the header's entry is damaged", where=where)
    if kind not in _TYPES:
        raise UnsupportedError(f"the tensor is of the type {printable(kind, 20)}, which policies "
                               "do not have", where=where, hint="convert it to F32")
    return offsets[0], offsets[1], _TYPES[kind], shape
