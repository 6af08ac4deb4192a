# SPDX-License-Identifier: MIT
"""The runtime's files as modules, and weights for them as the format says, by struct and zlib."""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import numpy as np

CONTRACT = bytes(range(16))
BEHIND = 0x5EED
"""A number behind the constants: an op reads its own and no more, or the next one's are wrong."""
given: list[Any] = []
"""The blobs of a test."""
Numbers = Iterable[int] | Iterable[float] | np.ndarray


def found(name: str, folder: str = "runtime", file: str = "") -> Any:
    """What a file of the runtime defines."""
    return getattr(import_module(f"puffer_edge.runtimes.micropython.{folder}.{file or name}"), name)


def packed(*constants: tuple[str, Numbers]) -> bytes:
    """Type code and numbers of constants as weights.bin: little-endian, each filled up to 4."""
    body = CONTRACT
    for kind, numbers in constants:
        each = np.asarray(numbers).ravel().tolist()
        piece = struct.pack(f"<{len(each)}{kind}", *each)
        body += piece + bytes(-len(piece) % 4)
    return b"PEMP" + struct.pack("<HHII", 1, 0, 16 + len(body), zlib.crc32(body)) + body


def weights(*constants: tuple[str, Numbers]) -> Any:
    """A blob that gives these constants, one after the other."""
    given.append(found("Blob", file="blob")(packed(*constants, ("i", [BEHIND])), CONTRACT))
    return given[-1]


def check_all_was_read() -> None:
    """That every blob of the test stands at what is behind its constants."""
    while given:
        assert given.pop().read("i", 1)[0] == BEHIND


def rounded(values: Any, shift: Any) -> Any:
    """values / 2^shift to the nearest integer, halves up; exact below 2^52."""
    exact = np.asarray(values, np.float64) / 2.0 ** np.asarray(shift)
    return np.floor(exact + 0.5).astype(np.int64)


def floored(values: Any, shift: Any) -> Any:
    """values / 2^shift, down to an integer."""
    return np.floor(np.asarray(values, np.float64) / 2.0 ** np.asarray(shift)).astype(np.int64)


def line(x: Any, table: Any, step: int) -> Any:
    """By straight lines between entries of a table that are a step apart; not rounded."""
    return np.interp(x, np.arange(len(table)) * float(step), np.asarray(table, np.float64))


def half_down(values: Any) -> Any:
    """The nearest integer, halves down."""
    return np.ceil(np.asarray(values) - 0.5).astype(np.int64)


def integers(numbers: Any, kind: str = "i") -> array[int]:
    """As an array of the runtime."""
    return array(kind, np.asarray(numbers, np.int64).ravel().tolist())


def ints(numbers: Any) -> list[int]:
    """As a list of Python's integers."""
    found: list[int] = np.asarray(numbers, np.int64).tolist()
    return found
