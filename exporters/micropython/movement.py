# SPDX-License-Identifier: MIT
"""Emitters of the ops that only move elements: rows of numbers, copied with even steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.micropython.context import Context, emits
from puffer_edge.ir import Op
from puffer_edge.ir.ops import Concat, Expand, Gather, Pad, Slice, Split, Transpose


@emits(Expand)
@emits(Gather)
@emits(Slice)
@emits(Split)
@emits(Transpose)
def move(op: Op, context: Context) -> str:
    """A copy per output, from where the op takes the input's indices."""
    (name,) = op.operands
    x = context.value(name)
    calls = [copies(context.ref(name), context.ref(y), found, np.arange(found.size), context)
             for y, found in zip(op.outputs, op.evaluate([indices(x.shape)]), strict=True)]
    context.calls += calls[:-1]
    return calls[-1]


@emits(Concat)
def concat(op: Concat, context: Context) -> str:
    """A copy per part, to where it lies in the whole."""
    ends = np.cumsum([context.value(x).shape[op.axis] for x in op.xs])
    parts = np.split(indices(context.value(op.y).shape), ends[:-1], op.axis)
    calls = [copies(_source(x, context), context.ref(op.y), np.arange(part.size), part, context)
             for x, part in zip(op.xs, parts, strict=True)]
    context.calls += calls[:-1]
    return calls[-1]


def _source(name: str, context: Context) -> str:
    """The array of a value, or the expression that reads a constant."""
    if name not in context.program.constants:
        return context.ref(name)
    values = context.constant(name)
    context.blob.add(context.typecode(name), values)
    return f'blob.read("{context.typecode(name)}", {values.size})'


@emits(Pad)
def pad(op: Pad, context: Context) -> str:
    """The filler everywhere, then a copy."""
    return padded(op, context.ref(op.y), int(op.value), context)


def padded(op: Pad, y: str, filler: int, context: Context) -> str:
    """The call that copies x into the array y, and fills what is around it."""
    (found,) = replace(op, value=-1.0).evaluate([indices(context.value(op.x).shape)])
    places = np.flatnonzero(found >= 0)
    sources = found.reshape(-1)[places]
    return copies(context.ref(op.x), y, sources, places, context, f", {filler}")


def copies(x: str, y: str, sources: Array, places: Array, context: Context,
           more: str = "") -> str:
    """The call that copies elements: in the longest rows that have even steps on both sides."""
    pairs = np.stack([sources.reshape(-1), places.reshape(-1)])
    count = pairs.shape[1]
    for length in (n for n in range(count, 0, -1) if count % n == 0):
        rows = pairs.reshape(2, -1, length)
        steps = np.diff(rows)
        if length == 1 or (steps == steps[:, :1, :1]).all():
            break
    across, along = (0, 0) if length == 1 else steps[:, 0, 0]
    starts, targets = (context.indices(row) for row in rows[:, :, 0])
    return f"move({x}, {y}, {starts}, {targets}, {length}, {across}, {along}{more})"


def indices(shape: tuple[int, ...]) -> Array:
    """Of the elements of a tensor, in its shape."""
    return np.arange(np.prod(shape, dtype=np.int64)).reshape(shape)
