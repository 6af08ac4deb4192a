# SPDX-License-Identifier: MIT
"""Values of a stranger's table, each of the type that is wanted, or one error with its key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from puffer_edge.errors import FileFormatError

LONGEST = 4096
"""Elements of a list."""


class Table:
    """A table of a file.

    Args:
        plain: what the file's parser gave.
        where: the file.
        name: of the table in the file; empty for the whole of it.
    """

    def __init__(self, plain: Any, where: str, name: str = "") -> None:
        self.where, self.name = where, name
        if not isinstance(plain, Mapping) or not all(isinstance(key, str) for key in plain):
            raise FileFormatError(f"{name or 'the file'} is no table", where=where)
        self.plain: Mapping[str, Any] = plain

    def refuse(self, key: str, what: str) -> FileFormatError:
        """The error about a key."""
        return FileFormatError(f"{self.at(key)} {what}", where=self.where)

    def at(self, key: str) -> str:
        """The key as it is called in the file."""
        word = key if key.isascii() and key.isprintable() else ascii(key)
        return f"{self.name}.{word:.80}" if self.name else f"{word:.80}"

    def only(self, keys: Iterable[str]) -> None:
        """Refuses any other key."""
        known = sorted(keys)
        if more := [key for key in self.plain if key not in known]:
            raise FileFormatError(f"{self.name or 'the file'} has no key {more[0]!a:.60}",
                                  where=self.where, hint=f"keys: {', '.join(known)}")

    def has(self, key: str) -> bool:
        """Whether the key is there, and says something."""
        return self.plain.get(key) is not None

    def table(self, key: str) -> Table:
        """A table in the table."""
        if not self.has(key):
            raise self.refuse(key, "is missing")
        return Table(self.plain[key], self.where, self.at(key))

    def text(self, key: str, default: str | None = None) -> str:
        """Printable ASCII of at most 300 characters."""
        value = self._value(key, default)
        if not isinstance(value, str) or len(value) > 300 or not (
                value.isascii() and (value.isprintable() or not value)):
            raise self.refuse(key, f"is {shown(value)}, no short text of ASCII's characters")
        return value

    def one_of(self, key: str, choices: Iterable[str], default: str) -> Any:
        """One of a few words."""
        value, known = self.text(key, default), list(choices)
        if value not in known:
            raise self.refuse(key, f"is {shown(value)}, none of {', '.join(known)}")
        return value

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number of at least 0."""
        value = self._value(key, default)
        if type(value) is not int or not 0 <= value <= 1 << 30:
            raise self.refuse(key, f"is {shown(value)}, no whole number")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A finite number."""
        return self._number(key, self._value(key, default))

    def numbers(self, key: str, size: int) -> tuple[float, ...]:
        """[size] numbers, of a list or of one number for all; empty where the key is missing."""
        if not self.has(key):
            return ()
        value = self.plain[key]
        if not isinstance(value, list):
            return (self._number(key, value),) * size
        if len(value) != size:
            raise self.refuse(key, f"has {len(value)} numbers, where there are {size} elements")
        return tuple(self._number(key, each) for each in value)

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        value = self._list(key)
        if not all(type(each) is int and 0 <= each < LONGEST for each in value):
            raise self.refuse(key, "is no list of whole numbers")
        return tuple(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._list(key)
        return tuple(Table({key: each}, self.where, self.name).text(key) for each in value)

    def _list(self, key: str) -> list[Any]:
        value = self._value(key, None)
        if not isinstance(value, list) or len(value) > LONGEST:
            raise self.refuse(key, f"is no list of at most {LONGEST}")
        return value

    def _value(self, key: str, default: Any) -> Any:
        value = self.plain.get(key)
        if value is None and default is None:
            raise self.refuse(key, "is missing")
        return default if value is None else value

    def _number(self, key: str, value: Any) -> float:
        if type(value) not in (int, float) or not abs(value) <= 3e38:
            raise self.refuse(key, f"is {shown(value)}, no finite number")
        return float(value)


def shown(value: Any) -> str:
    """A value in a message; lists and tables of a stranger may unfold to any size."""
    if isinstance(value, int) and abs(value) > 1 << 64:
        return "a very large number"
    if value is None or isinstance(value, str | int | float):
        return ascii(value[:60] if isinstance(value, str) else value)
    return f"a {type(value).__name__}"


def parsed(text: str, key: str, where: str) -> Any:
    """JSON of a stranger, as metadata hold it.

    Raises:
        FileFormatError: it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise FileFormatError(f"metadata.{key} is {text[:60]!a}, no JSON", where=where) from None
