# SPDX-License-Identifier: MIT
"""Whole numbers: round (halves to the even one), floor, ceil."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array32
from puffer_edge.ir.functions.registry import f32, register

ZERO, ONE, WHOLE = f32("0x0p+0"), f32("0x1p+0"), f32("0x1p+23")


@register(np.rint, lipschitz=None, monotone=True, onnx="Round", c="rint(x)")
def round_f32(x: Array32) -> Array32:
    """A sum with 2^23, where a float's last digit is a one, rounds; NaN and infinity stay."""
    sign = np.where(x < ZERO, -ONE, ONE)
    size = x * sign
    added = np.where(size < WHOLE, WHOLE, ZERO)
    return np.asarray(((size + added) - added) * sign, np.float32)


@register(np.floor, lipschitz=None, monotone=True, onnx="Floor", c="floor(x)")
def floor_f32(x: Array32) -> Array32:
    """The largest whole number that is not above x."""
    near = round_f32(x)
    return np.asarray(near - np.where(near > x, ONE, ZERO), np.float32)


@register(np.ceil, lipschitz=None, monotone=True, onnx="Ceil", c="ceil(x)")
def ceil_f32(x: Array32) -> Array32:
    """The smallest whole number that is not below x."""
    near = round_f32(x)
    return np.asarray(near + np.where(near < x, ONE, ZERO), np.float32)
