# SPDX-License-Identifier: MIT
"""Constants that a pass makes: under names that are free, and only where float32 can hold them."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from puffer_edge.arrays import Array

_NORMAL = np.finfo(np.float32).tiny


def unused(stem: str, taken: Container[str]) -> str:
    """``stem``, lengthened until it is not taken: a file may hold a tensor of any name."""
    while stem in taken:
        stem += "_"
    return stem


def overflows(*arrays: Array) -> bool:
    """Whether an element of a float64 array becomes infinite as float32."""
    with np.errstate(over="ignore"):
        return not all(np.isfinite(array.astype(np.float32)).all() for array in arrays)


def fits_float32(*arrays: Array) -> bool:
    """Whether float64 arrays neither overflow as float32 nor lose their digits to underflow."""
    return not overflows(*arrays) and all(
        bool(np.all((array == 0) | (np.abs(array) >= _NORMAL))) for array in arrays)
