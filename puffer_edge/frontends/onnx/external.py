# SPDX-License-Identifier: MIT
"""Weights that an ONNX file keeps in another file, as torch.onnx.export does by default.

The holes of ONNX loaders (path traversal, symlinks, devices) are all here. So only a plain file
beside the model, named without any path, is opened, and read once, up to a limit.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.onnx.tensors import DTYPES
from puffer_edge.readers.text import printable

MAX_BYTES = 64 << 20

HINT = ("keep the file beside the model, or store both in one file: "
        "onnx.save(onnx.load('model.onnx'), 'single.onnx')")


def embed(graph: Any, folder: Path | None, where: str) -> None:
    """Puts the data of external initializers into the graph itself.

    Args:
        graph: GraphProto; changed in place.
        folder: of the model; None for a model that came without one.
        where: names the model in messages.

    Raises:
        UnsupportedError: there is no folder, or the data is named by more than a file's name.
        FileFormatError: the file is missing, no plain file, too large, or too short.
    """
    files: dict[str, bytes] = {}
    for tensor in graph.initializer:
        if not tensor.external_data and not tensor.data_location:
            continue
        place = f"{where}, tensor {printable(tensor.name)}"
        entries = {entry.key: entry.value for entry in tensor.external_data}
        name = entries.get("location", "")
        if folder is None or not name or name in (".", "..") or set(name) & set("/\\:\0"):
            raise UnsupportedError(f"its data is in another file, {printable(name)}",
                                   where=place, hint=HINT)
        if name not in files:
            files[name] = _content(folder / name, sum(map(len, files.values())), place)
        tensor.raw_data = _part(files[name], entries, tensor, place)
        del tensor.external_data[:]
        tensor.ClearField("data_location")


def _content(path: Path, used: int, place: str) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise FileFormatError(f"its data should be in {printable(path.name)}, which is no file "
                              "beside the model", where=place, hint=HINT)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES - used + 1)
    except OSError as error:
        raise FileFormatError(f"{printable(path.name)} cannot be read: {error.strerror}",
                              where=place) from None
    if len(data) > MAX_BYTES - used:
        raise FileFormatError(f"the model's data is larger than {MAX_BYTES >> 20} MiB",
                              where=place)
    return data


def _part(data: bytes, entries: dict[str, str], tensor: Any, place: str) -> bytes:
    """The tensor's own bytes; what the entries say must be what its shape needs."""
    dtype = DTYPES.get(tensor.data_type)
    shape = tuple(int(n) for n in tensor.dims)
    if dtype is None or any(n < 0 for n in shape):
        raise UnsupportedError(f"tensors of ONNX type {tensor.data_type} are not supported",
                               where=place, hint="export the model in float32")
    size = prod(shape) * np.dtype(dtype).itemsize
    numbers = [entries.get("offset", "0"), entries.get("length", str(size))]
    if not all(text.isascii() and text.isdigit() and len(text) < 16 for text in numbers):
        raise FileFormatError("offset and length of its data are no numbers", where=place)
    start, length = map(int, numbers)
    if length != size or start + size > len(data):
        raise FileFormatError(f"its data of {length} bytes at {start} does not fill the shape "
                              f"{shape}, or lies beyond the end of the file", where=place)
    return data[start:start + size]
