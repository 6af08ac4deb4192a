# SPDX-License-Identifier: MIT
"""Writes additions and products with per-feature constants as BatchNormalization."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import BatchNormalization, Binary
from puffer_edge.ir.ops.batch_normalization import LARGEST_SHIFT
from puffer_edge.passes.constants import fits_float32, unused


def canonicalize_affine(program: Program) -> Program:
    """``(x - mean) / std`` becomes ``x * scale + shift``, consecutive ones become one.

    Right up to rounding: scale and shift are computed in float64 and rounded once. That is how a
    normaliser written as arithmetic gets folded like one written as a layer. What float32 cannot
    hold, such as the reciprocal of a subnormal, stays as it is. A large mean beside a small
    deviation is subtracted first: the two do not become one there.
    """
    constants = dict(program.constants)
    shapes = {name: value.shape for name, value in program.values.items()}
    taken = {*constants, *shapes}
    readers = program.consumers()
    exact: dict[str, tuple[Array, Array]] = {}  # float64 scale and shift by output
    ops: list[Op] = []
    producers: dict[str, BatchNormalization] = {}
    for op in program.ops:
        affine = _affine(op, constants, shapes)
        if affine is None:
            ops.append(op)
            continue
        x, y, scale, shift = affine
        before = producers.get(x)
        alone = len(readers.get(x, [])) == 1 and x not in program.results
        if before is not None and alone:
            inner_scale, inner_shift = exact[x]
            both = scale * inner_scale, scale * inner_shift + shift
            if fits_float32(*both) and np.abs(scale * inner_shift).max() <= LARGEST_SHIFT:
                scale, shift = both
                ops.remove(before)
                x = before.x
        names = unused(f"{y}.scale", taken), unused(f"{y}.shift", taken)
        taken.update(names)
        for name, array in zip(names, (scale, shift), strict=True):
            constants[name] = array.astype(np.float32)
        merged = BatchNormalization(x=x, scale=names[0], shift=names[1], y=y, layer=op.layer)
        exact[y] = scale, shift
        producers[y] = merged
        ops.append(merged)
    return program.with_ops(ops, constants)


def _affine(op: Op, constants: dict[str, Array],
            shapes: dict[str, tuple[int, ...]]) -> tuple[str, str, Array, Array] | None:
    """(x, y, scale, shift) of an op that is affine per channel (axis 1), or None."""
    if isinstance(op, BatchNormalization):
        if op.scale not in constants or op.shift not in constants:
            return None
        return (op.x, op.y, constants[op.scale].astype(np.float64),
                constants[op.shift].astype(np.float64))
    if not isinstance(op, Binary) or op.function not in ("add", "sub", "mul", "div"):
        return None
    constant_right = op.b in constants
    if constant_right == (op.a in constants):
        return None
    x, constant = (op.a, op.b) if constant_right else (op.b, op.a)
    if shapes[x] != shapes[op.y] or len(shapes[x]) < 2:
        return None
    value = _per_channel(constants[constant], shapes[x])
    if value is None:
        return None
    one, zero = np.ones_like(value), np.zeros_like(value)
    if op.function == "mul":
        return x, op.y, value, zero
    if op.function == "add":
        return x, op.y, one, value
    if op.function == "sub":
        return (x, op.y, one, -value) if constant_right else (x, op.y, -one, value)
    if constant_right and np.all(value != 0) and fits_float32(1 / value):
        return x, op.y, 1 / value, zero
    return None


def _per_channel(constant: Array, shape: tuple[int, ...]) -> Array | None:
    """A constant that varies at most along axis 1, as [C] float64; else None."""
    padded = (1,) * (len(shape) - constant.ndim) + constant.shape
    if any(size != 1 for axis, size in enumerate(padded) if axis != 1):
        return None
    return np.broadcast_to(constant.reshape(-1), (shape[1],)).astype(np.float64)
