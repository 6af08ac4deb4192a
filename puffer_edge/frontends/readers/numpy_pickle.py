"""Our meaning of the names with which numpy arrays and scalars are pickled."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.frontends.readers.pickle_data import Known, Stub

Array = npt.NDArray[Any]

MAX_ELEMENTS = 1 << 24
_CODES = frozenset("bifu")


class PickledDtype:
    """A dtype of plain numbers; structured and object dtypes are refused."""

    def __init__(self, code: Any, *_: Any) -> None:
        dtype = np.dtype(code) if isinstance(code, str) and len(code) < 4 else None
        if dtype is None or dtype.kind not in _CODES:
            raise ValueError("an array does not hold numbers")
        self.dtype = dtype

    def set_pickle_state(self, state: Any) -> None:
        """The state's second element is the byte order."""
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class PickledArray:
    """An array that is made empty and filled by BUILD."""

    def __init__(self, *_: Any) -> None:
        self.value: Array | None = None

    def set_pickle_state(self, state: Any) -> None:
        """State: (version, shape, dtype, is_fortran, bytes)."""
        _, shape, dtype, fortran, content = state
        self.value = _array(content, dtype, shape, "F" if fortran else "C")


def array_of(value: Any) -> Array | None:
    """The array or scalar that a value of the pickle is, float64; None if it is something else."""
    if isinstance(value, PickledArray):
        value = value.value
    if isinstance(value, np.ndarray | np.generic | int | float):
        return np.asarray(value, np.float64)
    return None


def _array(content: Any, dtype: Any, shape: Any, order: Any) -> Array:
    if not isinstance(content, bytes | bytearray) or not isinstance(dtype, PickledDtype):
        raise ValueError("an array does not hold numbers")
    if not all(type(n) is int and n >= 0 for n in shape) or prod(shape) > MAX_ELEMENTS:
        raise ValueError("an array's shape is malformed")
    flat = np.frombuffer(bytes(content), dtype.dtype)
    if flat.size != prod(shape):
        raise ValueError("an array's shape is not that of its data")
    return flat.reshape(shape, order="F" if order == "F" else "C").copy()


def _scalar(dtype: Any, content: Any) -> Any:
    return _array(content, dtype, (1,), "C")[0]


def _names() -> dict[tuple[str, str], Any]:
    names: dict[tuple[str, str], Any] = {
        ("numpy", "dtype"): Known(PickledDtype),
        ("numpy", "ndarray"): Stub("numpy", "ndarray"),
    }
    for core in ("numpy.core", "numpy._core"):  # before and since numpy 2
        names[f"{core}.multiarray", "_reconstruct"] = Known(PickledArray)
        names[f"{core}.multiarray", "scalar"] = Known(_scalar)
        names[f"{core}.numeric", "_frombuffer"] = Known(_array)
    return names


NUMPY_NAMES = _names()
"""For :class:`pickle_data.Names`."""
