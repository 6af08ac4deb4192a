# SPDX-License-Identifier: MIT
"""TensorProto -> numpy, by an allow-list of dtypes and an exact count of the data."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError, UnsupportedError
from puffer_edge.readers.text import printable

DTYPES: dict[int, type[np.generic]] = {
    1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64,
    9: np.bool_, 10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64,
}
"""TensorProto.DataType of what a constant may hold; only float32 gets into a Program."""


def to_numpy(tensor: Any, where: str) -> Array:
    """The array of a TensorProto without external data.

    Raises:
        UnsupportedError: the dtype is not one of :data:`DTYPES`.
        FileFormatError: the shape and the data do not fit.
    """
    from onnx import numpy_helper

    place = f"{where}, tensor {printable(tensor.name)}"
    dtype = DTYPES.get(tensor.data_type)
    if dtype is None:
        raise UnsupportedError(f"tensors of ONNX type {tensor.data_type} are not supported",
                               where=place, hint="export the model in float32")
    shape = tuple(int(n) for n in tensor.dims)
    expected = prod(shape) * np.dtype(dtype).itemsize
    # Negative or huge dimensions never reach numpy: the count is made with Python's integers.
    if any(n < 0 for n in shape) or (
            tensor.HasField("raw_data") and len(tensor.raw_data) != expected):
        raise FileFormatError(f"the data does not fill the shape {shape}", where=place)
    try:
        array = np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, OverflowError):
        raise FileFormatError(f"the data does not fill the shape {shape}", where=place) from None
    if array.shape != shape or array.dtype != dtype:
        raise FileFormatError(f"the data does not fill the shape {shape}", where=place)
    return array
