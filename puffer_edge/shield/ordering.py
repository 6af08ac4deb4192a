# SPDX-License-Identifier: MIT
"""Floats as integers of the same order, so that no arithmetic of floats decides what is good."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def order(numbers: Sequence[float], *, up: bool = False) -> list[int]:
    """Where each float32 stands among all, in 32 bits: those that are not finite lie at the ends.

    Both zeros are equal, so a bound that is one is the lower of them, or with ``up`` the upper.
    """
    values = np.array(numbers, np.float32)
    values = np.where(values == 0, np.float32(0.0 if up else -0.0), values)
    bits = values.view(np.uint32)
    turned = np.where(bits >> 31 != 0, ~bits, bits | np.uint32(1 << 31))
    return [int(value) for value in turned]


def bits_of(numbers: Sequence[float]) -> list[int]:
    """The bits of each as a float32."""
    return [int(value) for value in np.array(numbers, np.float32).view(np.uint32)]
