# SPDX-License-Identifier: MIT
"""Which convolutions write their channels last on a computer, so that a pixel's sums stay together.

Sums are still taken in the order of the weights: who reads such a value goes by a table of places.
"""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Conv, Gemm, Reshape

MOST_PADDING = 1 << 16
"""Floats of a padded image at most, which lies on the stack of a computer."""


def channels_last(program: Program) -> frozenset[str]:
    """Values of wide convolutions that nobody reads but convolutions without padding and layers."""
    consumers, shapes = program.consumers(), {n: v.shape for n, v in program.values.items()}
    kept = {*program.outputs, *(state.output for state in program.states)}

    def is_read_so(name: str, channels: int) -> bool:
        if name in kept:
            return False
        for op in consumers.get(name, []):
            if isinstance(op, Reshape):
                good = is_read_so(op.y, channels)
            elif isinstance(op, Conv):
                good = (op.group == 1 and not op.flush and not any(op.pads)
                        and shapes[name][1] == channels)
            else:
                good = (isinstance(op, Gemm) and not op.flush
                        and prod(shapes[name][:-1]) == 1)
            if not good:
                return False
        return True

    return frozenset(op.y for op in program.ops if isinstance(op, Conv) and not op.flush
                     and _padded(op, shapes[op.x]) <= MOST_PADDING
                     and is_read_so(op.y, shapes[op.y][1]))


def _padded(op: Conv, shape: tuple[int, ...]) -> int:
    """Elements of the channels with all their padding; 0 where there is none."""
    axes = len(shape) - 2
    sides = (size + op.pads[i] + op.pads[i + axes] for i, size in enumerate(shape[2:]))
    return shape[1] // op.group * prod(sides) if any(op.pads) else 0


def places_of_channels(shape: tuple[int, ...]) -> Array:
    """[C * pixels] where each element of [1, C, ...] lies, the channels last."""
    channels, pixels = shape[1], prod(shape[2:])
    return np.arange(channels * pixels, dtype=np.int32).reshape(pixels, channels).T.reshape(-1)
