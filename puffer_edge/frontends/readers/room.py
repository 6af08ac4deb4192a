"""A bound on what a file may make of its data."""

from __future__ import annotations

from math import prod
from typing import Any, TypeGuard

from puffer_edge.frontends.readers.pickle_data import RefusedError

MAX_DIMENSIONS = 8
MAX_SIZE = 1 << 40


class Room:
    """The elements that all arrays of a file may have together.

    A pickle can refer to the same bytes any number of times, so bounding each array is not enough.

    Args:
        elements: that may be taken.
    """

    def __init__(self, elements: int) -> None:
        self._left = elements

    def take(self, shape: Any) -> int:
        """The number of elements of a shape, taken out of the room.

        Raises:
            RefusedError: it is no shape, or there is no room for it.
        """
        if not is_shape(shape):
            raise RefusedError("an array's shape is malformed")
        size = prod(shape)
        # As if no dimension were empty: (2^40, 0) costs nothing here, but much where it is used.
        self._left -= prod(max(n, 1) for n in shape)
        if self._left < 0:
            raise RefusedError("the file has more or larger arrays than any policy")
        return size


def is_shape(value: Any) -> TypeGuard[tuple[int, ...]]:
    """Whether this is a tuple of few sizes; bool, str and huge integers are none."""
    return type(value) is tuple and len(value) <= MAX_DIMENSIONS and all(
        type(n) is int and 0 <= n <= MAX_SIZE for n in value)
