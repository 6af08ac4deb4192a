# SPDX-License-Identifier: MIT
"""MessagePack as flax.serialization writes it: maps in each other, with arrays as leaves.

Format: the MessagePack specification. flax packs an array as the extension 1, whose content is
MessagePack again: shape, name of the type, bytes; a number of numpy's is the extension 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.budget import Budget
from puffer_edge.readers.pickle_data import RefusedError

MAX_DEPTH = 24
_TYPES = {"float16": "<f2", "float32": "<f4", "float64": "<f8", "int8": "i1", "int16": "<i2",
          "int32": "<i4", "int64": "<i8", "uint8": "u1", "uint16": "<u2", "uint32": "<u4",
          "uint64": "<u8", "bool": "?"}
_NUMBERS = {0xCA: ">f4", 0xCB: ">f8", 0xCC: "u1", 0xCD: ">u2", 0xCE: ">u4", 0xCF: ">u8",
            0xD0: "i1", 0xD1: ">i2", 0xD2: ">i4", 0xD3: ">i8"}
_LENGTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xC7: 1, 0xC8: 2, 0xC9: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4,
            0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}
"""Bytes of the length after each code that has one."""


def looks_like_msgpack(content: bytes) -> bool:
    """Whether this begins with a map whose first key is a text."""
    if not content or not (0x81 <= content[0] <= 0x8F or content[0] in (0xDE, 0xDF)):
        return False
    key = content[1 + _LENGTHS.get(content[0], 0) :][:1]
    return bool(key) and (0xA0 <= key[0] <= 0xBF or key[0] == 0xD9)


def parse_msgpack(content: bytes, where: str) -> Any:
    """Dictionaries, lists, texts, numbers and arrays.

    Raises:
        FileFormatError: the file is damaged, goes on behind its end, or has more than any policy.
    """
    reader = _Reader(content, Budget(len(content), where))
    try:
        found = reader.value(0)
    except (RefusedError, UnicodeDecodeError, ValueError) as error:
        raise FileFormatError(f"the MessagePack file is damaged: {error}", where=where) from None
    if reader.at != len(content):
        raise FileFormatError("something follows the data", where=where)
    return found


class _Reader:
    """Takes values off the front of the bytes; each takes at least one of them."""

    def __init__(self, content: bytes, budget: Budget) -> None:
        self._content, self._budget = content, budget
        self.at = 0

    def value(self, depth: int) -> Any:
        """The next value."""
        self._budget.parts()
        if depth > MAX_DEPTH:
            raise RefusedError("it is deeper than any policy")
        code = self._bytes(1)[0]
        if code < 0x80 or code >= 0xE0:
            return code if code < 0x80 else code - 256
        if code in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[code]
        if code in _NUMBERS:
            kind = np.dtype(_NUMBERS[code])
            return np.frombuffer(self._bytes(kind.itemsize), kind)[0].item()
        if 0xD4 <= code <= 0xD8:
            return self._extension(1 << (code - 0xD4), depth)
        if code < 0xC0:
            length = code & (0x1F if code >= 0xA0 else 0x0F)
        elif code in _LENGTHS:
            length = int.from_bytes(self._bytes(_LENGTHS[code]), "big")
        else:
            raise RefusedError("a code has no meaning")
        return self._sized(code, length, depth)

    def _sized(self, code: int, length: int, depth: int) -> Any:
        if code < 0x90 or code in (0xDE, 0xDF):
            found: dict[str, Any] = {}
            for _ in range(length):
                key = self.value(depth + 1)
                if not isinstance(key, str) or key in found:
                    raise RefusedError("a key is no text, or is there twice")
                found[key] = self.value(depth + 1)
            return found
        if code < 0xA0 or code in (0xDC, 0xDD):
            return [self.value(depth + 1) for _ in range(length)]
        if code < 0xC0 or code in (0xD9, 0xDA, 0xDB):
            return self._bytes(length).decode()
        return self._bytes(length) if code <= 0xC6 else self._extension(length, depth)

    def _extension(self, length: int, depth: int) -> Any:
        kind, content = self._bytes(1)[0], self._bytes(length)
        if kind not in (1, 3):
            raise RefusedError("an extension is not one of flax")
        inner = _Reader(content, self._budget)
        parts = inner.value(depth + 1)
        if inner.at != length or not isinstance(parts, list) or len(parts) != 3:
            raise RefusedError("an array is malformed")
        shape, name, data = parts
        if not isinstance(shape, list) or not isinstance(name, str) or name not in _TYPES or (
                not isinstance(data, bytes)):
            raise RefusedError("an array is malformed, or of a type that policies do not have")
        count = self._budget.array(tuple(shape), np.dtype(_TYPES[name]).itemsize)
        if count * np.dtype(_TYPES[name]).itemsize != len(data):
            raise RefusedError("an array has not as many numbers as its shape")
        return np.frombuffer(data, _TYPES[name]).reshape(shape)

    def _bytes(self, length: int) -> bytes:
        if length > len(self._content) - self.at:
            raise RefusedError("it is cut off")
        self.at += length
        return self._content[self.at - length : self.at]
