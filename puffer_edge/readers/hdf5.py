# SPDX-License-Identifier: MIT
"""HDF5 files as names and arrays; the format's own C library reads them, within narrow limits.

That library follows links to other files, opens plug-ins for compression and makes arrays of
whatever size a file states. So the file is read into memory first and each object is looked at
before its data are: hard links alone, each object once, numbers that are stored as they are, as
many as the file has bytes for.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, MissingDependencyError, UnsupportedError
from puffer_edge.readers.budget import Budget
from puffer_edge.readers.pickle_data import RefusedError
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.text import printable

MAGIC = b"\x89HDF\r\n\x1a\n"
MAX_OBJECTS = 10_000
MAX_ATTRIBUTES = 64
MAX_DEPTH = 32
_TYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")


@dataclass
class Hdf5:
    """What a file holds.

    Attributes:
        arrays: datasets by path, ``actor/layers/0/weights``; without their axes' names.
        attributes: by the path of their object, the file's own under ``""``: texts, numbers, and
            lists of texts.
        where: the file, for messages.
    """

    where: str
    arrays: dict[str, Array] = field(default_factory=dict)
    attributes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def children(self, path: str) -> list[str]:
        """Names of the groups below one, in the file's order."""
        start = f"{path}/" if path else ""
        return [name.removeprefix(start) for name in self.attributes
                if name.startswith(start) and name != path
                and "/" not in name.removeprefix(start) and name not in self.arrays]

    def place(self, path: str) -> str:
        """An object for messages."""
        return f"{self.where}: {printable(path)}" if path else self.where


def load_hdf5(path: Path) -> Hdf5:
    """All numbers and attributes of a file; errors as of :func:`parse_hdf5`."""
    return parse_hdf5(read_file(path), str(path))


def parse_hdf5(content: bytes, where: str) -> Hdf5:
    """The same of a file's bytes.

    Raises:
        MissingDependencyError: h5py is not installed.
        FileFormatError: the file is damaged, or has more than any policy.
        UnsupportedError: it refers to other files, or its data are compressed.
    """
    try:
        import h5py
    except ImportError as missing:
        raise MissingDependencyError("HDF5 files need h5py, which is not installed",
                                     where=where, hint="pip install 'puffer-edge[rltools]'"
                                     ) from missing
    found = Hdf5(where)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            _Walk(h5py, found, len(content)).group(file, "", 0)
    except RefusedError as error:
        raise FileFormatError(str(error), where=where) from None
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, MemoryError,
            NotImplementedError, AttributeError) as error:  # whatever h5py raises for damage
        raise FileFormatError(f"the HDF5 file is damaged: {printable(str(error), 60)}",
                              where=where) from None
    return found


class _Walk:
    """Goes through a file; each object is read once."""

    def __init__(self, h5py: Any, found: Hdf5, size: int) -> None:
        self._h5py, self._found = h5py, found
        self._budget, self._bytes = Budget(size, found.where), size
        self._seen: set[Any] = set()

    def group(self, group: Any, path: str, depth: int) -> None:
        """Takes what is in a group."""
        self._once(group, path)
        if depth > MAX_DEPTH or len(group) > MAX_OBJECTS:
            raise RefusedError("the file is deeper or has more parts than any policy")
        self._attributes(group, path)
        for name in group:
            inner = f"{path}/{name}" if path else name
            if not isinstance(group.get(name, getlink=True), self._h5py.HardLink):
                raise UnsupportedError("this is a link, which may lead to another file",
                                       where=self._found.place(inner),
                                       hint="save the policy into a file of its own")
            child = group[name]
            if isinstance(child, self._h5py.Group):
                self.group(child, inner, depth + 1)
            elif isinstance(child, self._h5py.Dataset):
                self._dataset(child, inner)

    def _once(self, thing: Any, path: str) -> None:
        address = self._h5py.h5o.get_info(thing.id).addr
        if address in self._seen or len(self._seen) >= MAX_OBJECTS:
            raise FileFormatError("the object has two names, or the file has more of them than "
                                  "any policy", where=self._found.place(path))
        self._seen.add(address)

    def _dataset(self, data: Any, path: str) -> None:
        self._once(data, path)
        if data.is_virtual or data.external or data.id.get_create_plist().get_nfilters():
            raise UnsupportedError(
                "the data are compressed, or lie in another file", where=self._found.place(path),
                hint="save the policy without compression, into one file")
        if data.dtype.str[1:] not in _TYPES:
            return  # texts of the trainer's; what a layer needs and has not is said there
        shape = tuple(int(size) for size in data.shape or ())
        count = self._budget.array(shape, data.dtype.itemsize)
        # Less is stored than the shape says where the rest is one value that the file repeats.
        if count * data.dtype.itemsize > min(data.id.get_storage_size(), self._bytes):
            raise FileFormatError("the data are not all there", where=self._found.place(path))
        self._attributes(data, path)
        array = np.asarray(data[()])
        self._found.arrays[path] = array.astype(array.dtype.newbyteorder("="), copy=False)

    def _attributes(self, thing: Any, path: str) -> None:
        kept = self._found.attributes.setdefault(path, {})
        for name in list(thing.attrs)[:MAX_ATTRIBUTES]:
            low = thing.attrs.get_id(name)
            text = self._h5py.check_string_dtype(low.dtype) is not None
            if not text and low.dtype.str[1:] not in _TYPES:
                continue  # references, tables: nothing that describes a layer
            if self._budget.array(tuple(low.shape)) > MAX_OBJECTS or (
                    text and low.dtype.itemsize > self._bytes):
                raise RefusedError("an attribute is larger than any policy's")
            kept[name] = _plain(thing.attrs[name])


def _plain(value: Any) -> Any:
    """Texts as str, numbers as Python's, arrays as lists of them."""
    if isinstance(value, np.ndarray):
        return [_plain(part) for part in value.reshape(-1)]
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value.item() if isinstance(value, np.generic) else value
