# SPDX-License-Identifier: MIT
"""How far long work is: texts that also count, for whoever shows a bar and the time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Tell = Callable[[str], None]
"""Is told what is being done."""
T = TypeVar("T")
TIMES = 100
"""How often :func:`through` tells at most."""


class Part(str):
    """A text of which a part is done: "calibrating, 20 of 400".

    Attributes:
        text: without the numbers.
        done, total: of what is counted.
    """

    text: str
    done: int
    total: int

    def __new__(cls, text: str, done: int, total: int) -> Part:
        """Makes one."""
        made = super().__new__(cls, f"{text}, {done:,} of {total:,}")
        made.text, made.done, made.total = text, done, total
        return made


def nobody(text: str) -> None:
    """Who is not interested."""


def through(items: Sequence[T], text: str, tell: Tell) -> Iterator[T]:
    """The items one after another; tells how many are done, at most :data:`TIMES` times.

    Args:
        items: what is worked on.
        text: what is being done with them.
        tell: is told.
    """
    every = -(-len(items) // TIMES)
    for index, item in enumerate(items):
        if index % every == 0 and len(items) > 1:
            tell(Part(text, index, len(items)))
        yield item
