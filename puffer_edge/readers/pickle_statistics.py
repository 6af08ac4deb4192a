# SPDX-License-Identifier: MIT
"""Arrays and numbers in a pickle of statistics, by dotted name; nothing in it is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.budget import Budget
from puffer_edge.readers.numpy_pickle import PickledArray, array_of, numpy_names
from puffer_edge.readers.pickle_data import Names, Stub, read_pickle

MAX_DEPTH, MAX_PARTS = 6, 4000
_HINT = "give an .npz: numpy.savez(file, mean=..., var=...)"


def pickled(content: bytes, where: str) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """The arrays and the plain numbers in dictionaries and objects' attributes.

    Raises:
        FileFormatError: the pickle is damaged, or uses what data does not need.
    """
    names = Names(numpy_names(Budget(len(content), where), strict=False), hint=_HINT)
    arrays: dict[str, npt.NDArray[Any]] = {}
    numbers: dict[str, Any] = {}

    left = MAX_PARTS

    def walk(value: Any, path: tuple[str, ...]) -> None:
        nonlocal left
        left -= 1
        if left < 0:  # parts can be there any number of times
            raise FileFormatError("the pickle has more parts than statistics have", where=where,
                                  hint=_HINT)
        if isinstance(value, Stub):
            value = value.state
        if isinstance(value, PickledArray):
            if (array := array_of(value)) is not None:
                arrays[".".join(path)] = array
        elif isinstance(value, np.generic | int | float):
            numbers[".".join(path)] = value.item() if isinstance(value, np.generic) else value
        elif isinstance(value, Mapping) and len(path) < MAX_DEPTH and len(value) < 256:
            for key, part in value.items():
                if isinstance(key, str):
                    walk(part, (*path, key))

    walk(read_pickle(content, names, where=where), ())
    return arrays, numbers
