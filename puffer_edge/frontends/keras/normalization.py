# SPDX-License-Identifier: MIT
"""Layers that normalise: statistics of training become a scale and a shift."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.keras.context import Context, turned
from puffer_edge.frontends.layers import normalized
from puffer_edge.ir.ops import (
    LayerNormalization,
)
from puffer_edge.readers.text import printable


def _last_axis(context: Context, x: str) -> int:
    """The size of the last axis, which must be the only one that is normalised."""
    rank, axis = len(context.builder.shape(x)), context.layer.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis not in (-1, rank - 1):
        raise context.refuse(f"axis = {printable(str(axis), 20)}")
    return context.builder.shape(x)[-1]


def layer_norm(context: Context, x: str) -> str:
    """Over the last axis."""
    context.need(rms_scaling=False)
    size, rank = _last_axis(context, x), len(context.builder.shape(x))
    scale = context.take((size,)) if context.get("scale", True) else np.ones(size, np.float32)
    shift = context.take((size,)) if context.get("center", True) else np.zeros(size, np.float32)
    return context.builder.add(
        LayerNormalization, x=x, axis=rank - 1, epsilon=context.get("epsilon", 1e-3),
        scale=context.constant(scale, "gamma"), bias=context.constant(shift, "beta"),
        layer=context.layer.name)


def batch_norm(context: Context, x: str) -> str:
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta``."""
    size = _last_axis(context, x)
    gamma = context.take((size,)) if context.get("scale", True) else np.ones(size)
    beta = context.take((size,)) if context.get("center", True) else np.zeros(size)
    mean, variance = context.take((size,)), context.take((size,))
    scale = gamma / np.sqrt(variance.astype(np.float64) + context.get("epsilon", 1e-3))
    return _affine(context, x, scale, beta - mean * scale)


def normalization(context: Context, x: str) -> str:
    """``(x - mean) / max(sqrt(variance), 1e-7)``."""
    context.need(invert=False, mean=None, variance=None)
    size = _last_axis(context, x)
    mean, variance = context.take((size,)), context.take((size,))
    context.taken = len(context.layer.weights)  # a count follows
    scale = 1 / np.maximum(np.sqrt(variance.astype(np.float64)), 1e-7)
    return _affine(context, x, scale, -mean * scale)


def rescaling(context: Context, x: str) -> str:
    """``x * scale + offset``."""
    size = context.builder.shape(x)[-1]
    return _affine(context, x, np.full(size, context.get("scale", 1.0)),
                   np.full(size, context.get("offset", 0.0)))


def _affine(context: Context, x: str, scale: Array, shift: Array) -> str:
    if not (np.isfinite(scale).all() and np.isfinite(shift).all()):
        raise FileFormatError("the statistics cannot be divided by", where=context.place)
    x = turned(context, x, first=True)
    return turned(context, normalized(context.builder, x, scale, shift, context.layer.name),
                   first=False)
