# SPDX-License-Identifier: MIT
"""A tensor of a Program: its name, shape and dtype, never its data."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from puffer_edge.errors import ProgramError

ITEM_SIZE = {"float32": 4, "float16": 2, "int32": 4, "int16": 2, "int8": 1, "uint8": 1}

LARGEST_SCALE = 2.0**100
"""Of one integer; products with any integer stay finite in float32."""


@dataclass(frozen=True)
class Quantization:
    """How integers stand for real numbers: ``real = scale * (integer - zero_point)``.

    Attributes:
        scale: positive; one for the tensor.
        zero_point: the integer that stands for 0.
        low: smallest integer that occurs.
        high: largest integer that occurs.
    """

    scale: float
    zero_point: int
    low: int
    high: int

    def __post_init__(self) -> None:
        if not 0 < self.scale < LARGEST_SCALE:
            raise ProgramError(f"a scale of {self.scale:g} is not positive, or out of reach")

    @property
    def largest(self) -> int:
        """Largest magnitude of an integer that occurs."""
        return max(-self.low, self.high)


@dataclass(frozen=True)
class Value:
    """One tensor.

    Attributes:
        name: unique in its Program; may come from a file, so it never reaches generated source.
        shape: static, every dimension at least 1; keeps the source's batch dimension of 1.
        dtype: a key of ``ITEM_SIZE``.
        quantization: what the integers stand for; None for float and for plain integers.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    quantization: Quantization | None = None

    def __post_init__(self) -> None:
        if self.dtype not in ITEM_SIZE:
            raise ProgramError(f"dtype {self.dtype!r} is not one of {sorted(ITEM_SIZE)}",
                               where=self.name)
        if any(dimension < 1 for dimension in self.shape):
            raise ProgramError(f"shape {self.shape} has an empty dimension", where=self.name)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the dense tensor."""
        return self.size * ITEM_SIZE[self.dtype]

    @property
    def numpy_dtype(self) -> np.dtype[np.generic]:
        """The numpy dtype of the tensor's elements."""
        return np.dtype(self.dtype)
