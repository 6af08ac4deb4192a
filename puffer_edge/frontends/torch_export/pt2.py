# SPDX-License-Identifier: MIT
"""A ``.pt2`` file -> Exported, without torch and without its loader.

``torch.export.load`` (read in torch 2.13) is not safe for a stranger's file, and cannot be made so
by refusing single members:

* ``data/sample_inputs/*.pt``, which every archive holds, goes to ``torch.load`` with weights_only,
  and when that fails *again without it* (``serialize.deserialize_torch_artifact``);
* weights and constants flagged ``use_pickle``, and objects named ``opaque_obj_*``, are unpickled;
  ``data/aotinductor/`` holds shared libraries, which are loaded;
* sizes given as expressions go to ``sympy.sympify``, which evaluates them as Python.

What a policy needs is none of that: the graph is JSON, and weights are raw bytes. So they are read
here, from stored members whose CRC is checked, and nothing else in the file is opened.
The layout is ``torch/export/pt2_archive``'s, the graph ``torch/_export/serde/schema.py``'s, major
version 8; minor versions only add fields.
"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.frontends.aten.exported import Exported, Sharing
from puffer_edge.frontends.graph.graph import MAX_ELEMENTS
from puffer_edge.frontends.torch_export.pt2_graph import Json, dtype_of, integers, read_graph
from puffer_edge.readers.budget import is_shape
from puffer_edge.readers.text import printable
from puffer_edge.readers.zip_archive import ZipArchive

_READABLE = frozenset(("bool", "float32", "float64", "int16", "int32", "int64", "int8", "uint8"))
_MAJOR = 8
_MAX_JSON = 1 << 24


def read_pt2(path: Path, where: str) -> Exported:
    """The graph and weights of a file that ``torch.export.save`` wrote.

    Raises:
        FileFormatError: it cannot be opened, is damaged, or holds pickled weights.
        UnsupportedError: its version or structure is not supported.
    """
    return _Reader(ZipArchive(path, where=where), where).read()


class _Reader:
    def __init__(self, archive: ZipArchive, where: str) -> None:
        self.archive = archive
        self.where = where
        self.sharing = Sharing()
        self._bytes: dict[str, bytes] = {}
        # Everything lies in a folder that is called like the file was.
        self.members = {name.partition("/")[2]: name for name in archive.names}
        if len(self.members) != len(archive.names):
            raise FileFormatError("it holds more than one folder", where=where)
        order = self.members.get("byteorder")
        if order and archive.read(order) != b"little":
            raise UnsupportedError("its weights are in big-endian order", where=where,
                                   hint="save it on a little-endian machine")

    def read(self) -> Exported:
        models = [name for name in self.members if name.startswith("models/")]
        if "archive_format" not in self.members or models != ["models/model.json"]:
            raise UnsupportedError(
                "it is no archive of one torch.export program", where=self.where,
                hint="save it with torch.export.save of a recent torch; an older file, or one "
                     "compiled by AOTInductor, cannot be read")
        model = self._json("models/model.json")
        version = model["schema_version"]["major"]
        if version != _MAJOR:
            raise UnsupportedError(f"its graph has schema version {printable(str(version))}; "
                                   f"{_MAJOR} is supported", where=self.where)
        arrays = {**self._tensors("weights"), **self._tensors("constants")}
        return read_graph(model["graph_module"], arrays, self.where)

    def _json(self, name: str) -> Json:
        data = self.archive.read(self.members[name])
        if len(data) > _MAX_JSON:
            raise FileFormatError("the graph is too large", where=self.where)
        content = json.loads(data)
        if not isinstance(content, dict):
            raise TypeError(f"{name} is no object")
        return content

    def _data(self, member: str) -> bytes:
        """The bytes that tensors lie in, read once."""
        if member not in self._bytes:
            self._bytes[member] = self.archive.read(self.members[member])
        return self._bytes[member]

    def _tensors(self, kind: str) -> dict[str, Array]:
        config = self._json(f"data/{kind}/model_{kind}_config.json")["config"]
        return {name: self._tensor(f"data/{kind}/{meta['path_name']}", meta,
                                   f"{self.where}, {printable(name)}")
                for name, meta in config.items()}

    def _tensor(self, member: str, meta: Json, place: str) -> Array:
        if meta["use_pickle"] or meta["tensor_meta"] is None:
            raise FileFormatError("it is pickled, and unpickling could run any code", where=place,
                                  hint="save a program whose weights are plain tensors")
        tensor = meta["tensor_meta"]
        dtype = dtype_of(tensor["dtype"])
        if dtype not in _READABLE:
            raise UnsupportedError(f"it is of {dtype}, not float32", where=place,
                                   hint="convert the policy first: policy.float()")
        sizes, strides = integers(tensor["sizes"]), integers(tensor["strides"])
        (offset,) = integers([tensor["storage_offset"]])
        if len(sizes) != len(strides) or min((*sizes, *strides, offset), default=0) < 0 or (
                not is_shape(sizes) or prod(sizes) > MAX_ELEMENTS):
            raise FileFormatError(f"its shape {sizes} is not sound or too large", where=place)

        def make() -> Array:
            flat = np.frombuffer(self._data(member), np.dtype(dtype).newbyteorder("<"))
            self.archive.budget.array(sizes, flat.dtype.itemsize)
            last = offset + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
            if prod(sizes) and last >= flat.size:
                raise FileFormatError("the data does not fill the shape", where=place)
            step = flat.dtype.itemsize
            window = np.lib.stride_tricks.as_strided(
                flat[offset:], sizes, [s * step for s in strides], writeable=False)
            return np.ascontiguousarray(window).astype(dtype).reshape(sizes)

        self.archive.budget.parts()
        return self.sharing.get((member, sizes, strides, offset, dtype), make)
