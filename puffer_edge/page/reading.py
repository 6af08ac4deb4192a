# SPDX-License-Identifier: MIT
"""Places in a report: a value, and the JSON pointer (RFC 6901) that leads to it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any


class Place:
    """A value of report.json.

    Args:
        value: plain data.
        pointer: where it lies.
        form: how a number is shown: ``plain``, or ``share`` for per cent.
    """

    def __init__(self, value: Any, pointer: str = "", form: str = "plain") -> None:
        self.value, self.pointer, self._form = value, pointer, form

    def __getitem__(self, key: str | int) -> Place:
        """A part of an object or list; the place of nothing where there is none."""
        step = str(key).replace("~", "~0").replace("/", "~1")
        try:
            value = self.value[key]
        except (KeyError, IndexError, TypeError):
            value = None
        return Place(value, f"{self.pointer}/{step}")

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return self.value not in (None, "", [], {})

    def __iter__(self) -> Iterator[Place]:
        """The parts of a list."""
        return (self[index] for index in range(len(self)))

    def __len__(self) -> int:
        return len(self.value) if isinstance(self.value, list) else 0

    def names(self) -> list[str]:
        """Of an object."""
        return list(self.value) if isinstance(self.value, dict) else []

    @property
    def numbers(self) -> list[float]:
        """Of a list of numbers."""
        return [part.number for part in self]

    @property
    def share(self) -> Place:
        """The same, shown as per cent."""
        return Place(self.value, self.pointer, "share")

    @property
    def is_number(self) -> bool:
        """Whether it is one; truth values are none."""
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)

    @property
    def number(self) -> float:
        """As a number; 0 where it is none or not finite."""
        return float(self.value) if self.is_number and math.isfinite(self.value) else 0.0

    @property
    def text(self) -> str:
        """For a person."""
        if not self.is_number:
            return "-" if self.value is None else str(self.value)
        if self._form == "share":
            return f"{100 * self.value:.2f} %"
        return f"{self.value:,}" if isinstance(self.value, int) else f"{self.value:.4g}"
