# SPDX-License-Identifier: MIT-0
from array import array


class _Length:
    """Nothing, but with a length: MicroPython makes room for that first, and fills in nothing."""

    def __init__(self, count):
        self._count = count

    def __len__(self):
        return self._count

    def __iter__(self):
        return iter(())


def room(typecode, count):
    """An array with anything in it, made without anything else of its size."""
    data = array(typecode, _Length(count))
    if len(data) != count:  # CPython counts what there is
        data = array(typecode, [0] * count)
    return data
