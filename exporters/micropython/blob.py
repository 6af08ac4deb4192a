# SPDX-License-Identifier: MIT
"""``weights.bin``: all constants of a MicroPython policy, one after another (SPECIFICATION.md)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import ProgramError

MAGIC = b"PEMP"
VERSION = 1
"""Of the blob's layout; the runtime refuses any other."""
DTYPES = {"b": "<i1", "B": "<u1", "h": "<i2", "i": "<i4", "f": "<f4"}


@dataclass
class BlobWriter:
    """Collects constants in the order in which policy.py reads them."""

    body: bytearray = field(default_factory=bytearray)
    placeable: int = 0
    """Bytes that a kernel of machine code can read where they lie."""

    def add(self, typecode: str, values: npt.NDArray[Any], kernel: bool = False) -> None:
        """Appends a constant of any shape, row by row, padded with zeros to a multiple of 4 bytes.

        Args:
            typecode: see :data:`DTYPES`.
            values: the constant.
            kernel: one of machine code reads it, where it lies if that is in memory.

        Raises:
            ProgramError: a number does not fit its type.
        """
        stored = np.asarray(values).astype(DTYPES[typecode])
        if typecode != "f" and not np.array_equal(stored, values):
            raise ProgramError(f"a constant does not fit the type {typecode!r}")
        self.body += stored.tobytes()
        self.placeable += stored.nbytes * kernel
        self.body += bytes(-len(self.body) % 4)

    def to_bytes(self, contract: bytes) -> bytes:
        """The whole file; ``contract`` are the 16 bytes that policy.py has, too."""
        checked = contract + bytes(self.body)
        head = struct.pack("<4sHHII", MAGIC, VERSION, 0, 16 + len(checked), zlib.crc32(checked))
        return head + checked
