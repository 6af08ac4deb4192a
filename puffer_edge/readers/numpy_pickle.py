# SPDX-License-Identifier: MIT
"""Our meaning of the names with which numpy arrays and scalars are pickled."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.readers.budget import Budget
from puffer_edge.readers.pickle_data import Known, RefusedError, Stub

_CODES = frozenset("b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8".split())
_NO_NUMBERS = "an array does not hold numbers"


class PickledDtype:
    """A dtype of plain numbers; structured and object dtypes are refused."""

    def __init__(self, code: Any, *_: Any, strict: bool = True) -> None:
        known = isinstance(code, str) and code in _CODES
        if not known and strict:
            raise RefusedError(_NO_NUMBERS)
        self.dtype: np.dtype[Any] | None = np.dtype(code) if known else None

    def set_pickle_state(self, state: Any) -> None:
        """The state's second element is the byte order."""
        order = state[1]
        if self.dtype is not None and isinstance(order, str) and order in ("<", ">"):
            self.dtype = self.dtype.newbyteorder("<" if order == "<" else ">")


class PickledArray:
    """An array that is made empty and filled by BUILD."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.value: Array | None = None

    def set_pickle_state(self, state: Any) -> None:
        """State: (version, shape, dtype, is_fortran, bytes)."""
        _, shape, dtype, fortran, content = state
        self.value = _array(self._budget, content, dtype, shape, "F" if fortran is True else "C")


def numpy_names(budget: Budget, *, strict: bool = True) -> dict[tuple[str, str], Any]:
    """For :class:`pickle_data.Names`; one dictionary per file.

    Args:
        budget: of the file.
        strict: refuse arrays of something else than numbers, which else are none.
    """
    names: dict[tuple[str, str], Any] = {
        ("numpy", "dtype"): Known(partial(PickledDtype, strict=strict)),
        ("numpy", "ndarray"): Stub("numpy", "ndarray"),
        ("_codecs", "encode"): Known(lambda text, codec: _bytes(budget, text, codec)),
    }
    for core in ("numpy.core", "numpy._core"):  # before and since numpy 2
        names[f"{core}.multiarray", "_reconstruct"] = Known(lambda *_: PickledArray(budget))
        names[f"{core}.multiarray", "scalar"] = Known(
            lambda dtype, content: _scalar(_array(budget, content, dtype, (1,), "C")))
        names[f"{core}.numeric", "_frombuffer"] = Known(
            lambda content, dtype, shape, order: _array(budget, content, dtype, shape, order))
    return names


def array_of(value: Any) -> Array | None:
    """The array or number that a value of the pickle is, float64; None if it is something else."""
    if isinstance(value, PickledArray):
        value = value.value
    if isinstance(value, np.ndarray | np.generic | float) or type(value) is int:
        try:
            return np.asarray(value, np.float64)
        except OverflowError:
            return None
    return None


def _bytes(budget: Budget, text: Any, codec: Any) -> bytes:
    """Protocol 2 has no bytes: they are written as the text of which latin-1 makes them."""
    if not isinstance(text, str) or not isinstance(codec, str) or codec != "latin1":
        raise RefusedError("the pickle encodes something that is no bytes")
    budget.array((len(text),), 1)
    return text.encode("latin1")


def _scalar(array: Array | None) -> Any:
    return None if array is None else array[0]


def _array(budget: Budget, content: Any, dtype: Any, shape: Any, order: Any) -> Array | None:
    if isinstance(dtype, PickledDtype) and dtype.dtype is None:
        return None
    if not isinstance(content, bytes | bytearray) or not isinstance(dtype, PickledDtype) or (
            dtype.dtype is None):
        raise RefusedError(_NO_NUMBERS)
    if budget.array(shape, dtype.dtype.itemsize) * dtype.dtype.itemsize != len(content):
        raise RefusedError("an array's shape is not that of its data")
    flat = np.frombuffer(content, dtype.dtype)
    return flat.reshape(shape, order="F" if isinstance(order, str) and order == "F" else "C")
