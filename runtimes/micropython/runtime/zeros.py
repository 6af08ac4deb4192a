# SPDX-License-Identifier: MIT-0
from .room import room


def zeros(typecode, count):
    """An array of zeros, made without anything else of its size."""
    data = room(typecode, count)
    for i in range(count):
        data[i] = 0
    return data
