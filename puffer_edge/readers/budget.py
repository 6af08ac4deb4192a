# SPDX-License-Identifier: MIT
"""A bound on what may be made of one file, whatever its reader."""

from __future__ import annotations

from math import prod
from typing import Any, TypeGuard

from puffer_edge.errors import FileFormatError

MAX_DIMENSIONS = 8
MAX_SIZE = 1 << 40
BYTES_PER_BYTE = 4
"""What a byte of the file may become: the float32 that an int8 stands for."""
FLOOR = 1 << 25
"""Bytes that may be made of the smallest file."""
PART = 128
"""Bytes that an object or a step counts for: about what an object takes, and what is copied in the
time of a step; so the floor is 262,144 of them."""


class Budget:
    """What may still be made of a file, in bytes.

    A file can refer to the same bytes any number of times, by tensors that share data, by strides
    of 0, or by objects with several names. So bounding each thing is not enough: whatever is made
    is counted here, before it is made.

    Args:
        size: of the file, in bytes.
        where: the file, for messages.
    """

    def __init__(self, size: int, where: str) -> None:
        self._left = BYTES_PER_BYTE * size + FLOOR
        self._where = where

    def array(self, shape: Any, itemsize: int = 4) -> int:
        """The number of elements of an array that is about to be made.

        Args:
            shape: its sizes, unchecked.
            itemsize: bytes of an element.

        Raises:
            FileFormatError: the shape is none, or the budget is used up.
        """
        if not is_shape(shape):
            raise self._error("an array's shape is malformed")
        # As if no dimension were empty: (2^40, 0) costs nothing here, but much where it is used.
        self._spend(PART + itemsize * prod(max(n, 1) for n in shape),
                    "the file has more or larger arrays than any policy")
        return prod(shape)

    def copy(self, count: int) -> None:
        """Counts bytes that are about to be copied or inflated.

        Raises:
            FileFormatError: the budget is used up.
        """
        self._spend(PART + count, "the file unfolds to more than any policy")

    def parts(self, count: int = 1) -> None:
        """Counts objects, or steps of a walk through them.

        Raises:
            FileFormatError: the budget is used up.
        """
        self._spend(PART * count, "the file has more parts than any policy")

    def _spend(self, amount: int, problem: str) -> None:
        self._left -= amount
        if self._left < 0:
            raise self._error(problem)

    def _error(self, what: str) -> FileFormatError:
        return FileFormatError(what, where=self._where,
                               hint="the file is damaged, or was made to use up the machine")


def is_shape(value: Any) -> TypeGuard[tuple[int, ...]]:
    """Whether this is a tuple of few sizes; bool, str and huge integers are none."""
    return type(value) is tuple and len(value) <= MAX_DIMENSIONS and all(
        type(n) is int and 0 <= n <= MAX_SIZE for n in value)
