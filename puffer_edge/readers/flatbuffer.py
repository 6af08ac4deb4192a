# SPDX-License-Identifier: MIT
"""FlatBuffers without a schema compiler: tables, vectors and strings, every offset checked.

Format: https://flatbuffers.dev/internals. A file can point anywhere, so each place is checked
against the buffer's end, and how much is read is bounded.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.budget import Budget

MAX_READS = 1_000_000


class FlatBuffer:
    """A buffer and how much of it was read.

    Args:
        content: the file.
        where: the file, for messages.

    Attributes:
        budget: what may still be made of the file.
    """

    def __init__(self, content: bytes, where: str) -> None:
        self.content = content
        self.where = where
        self.budget = Budget(len(content), where)
        self._left = MAX_READS

    def root(self) -> Table:
        """The table that the file starts with."""
        return Table(self, self.number("<I", 0))

    def number(self, kind: str, place: int) -> int:
        """A number of a ``struct`` format.

        Raises:
            FileFormatError: it lies outside of the file, or there was too much to read.
        """
        self._left -= 1
        if self._left < 0:
            raise self.error("the file has more parts than any policy")
        if not 0 <= place <= len(self.content) - struct.calcsize(kind):
            raise self.error("an offset leaves the file")
        found: int = struct.unpack_from(kind, self.content, place)[0]
        return found

    def error(self, what: str) -> FileFormatError:
        """An error about this file; the caller raises it."""
        return FileFormatError(what, where=self.where, hint="the file is damaged")


class Table:
    """A table; its fields are asked for by their index in the schema.

    Args:
        buffer: where it lies.
        place: its offset.
    """

    def __init__(self, buffer: FlatBuffer, place: int) -> None:
        self._buffer = buffer
        self._place = place
        self._fields = place - buffer.number("<i", place)
        self._size = buffer.number("<H", self._fields)

    def _field(self, index: int) -> int | None:
        slot = 4 + 2 * index
        if slot + 2 > self._size:
            return None
        offset = self._buffer.number("<H", self._fields + slot)
        return self._place + offset if offset else None

    def number(self, index: int, kind: str = "<i", default: Any = 0) -> Any:
        """A scalar field."""
        place = self._field(index)
        return default if place is None else self._buffer.number(kind, place)

    def table(self, index: int) -> Table | None:
        """A field that is a table."""
        place = self._field(index)
        if place is None:
            return None
        return Table(self._buffer, place + self._buffer.number("<I", place))

    def tables(self, index: int) -> list[Table]:
        """A field that is a vector of tables."""
        start, count = self._vector(index, 4)
        places = [start + 4 * i for i in range(count)]
        return [Table(self._buffer, place + self._buffer.number("<I", place)) for place in places]

    def array(self, index: int, dtype: str) -> npt.NDArray[Any]:
        """A field that is a vector of numbers; empty where it is absent."""
        item = np.dtype(dtype).itemsize
        start, count = self._vector(index, item)
        return np.frombuffer(self._buffer.content, dtype, count, start) if count else np.zeros(
            0, dtype)

    def text(self, index: int) -> str:
        """A field that is a string."""
        start, count = self._vector(index, 1)
        return self._buffer.content[start : start + min(count, 200)].decode("utf-8", "replace")

    def _vector(self, index: int, item: int) -> tuple[int, int]:
        place = self._field(index)
        if place is None:
            return 0, 0
        start = place + self._buffer.number("<I", place)
        count = self._buffer.number("<I", start)
        if count * item > len(self._buffer.content) - start - 4:
            raise self._buffer.error("a vector leaves the file")
        return start + 4, count
