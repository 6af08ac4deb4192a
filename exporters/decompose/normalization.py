# SPDX-License-Identifier: MIT
"""Normalisations as arithmetic."""

from __future__ import annotations

from puffer_edge.exporters.decompose.draft import Draft
from puffer_edge.exporters.decompose.registry import decomposes
from puffer_edge.ir.ops import BatchNormalization, L2Normalization, LayerNormalization, Reduce


@decomposes(BatchNormalization)
def batch(draft: Draft, op: BatchNormalization) -> None:
    """See :class:`BatchNormalization`."""
    channel = (-1, *(1,) * (len(draft.shapes[op.x]) - 2))
    scaled = draft.binary("mul", op.x, draft.constants[op.scale].reshape(channel))
    draft.binary("add", scaled, draft.constants[op.shift].reshape(channel), op.y)


@decomposes(LayerNormalization)
def layer(draft: Draft, op: LayerNormalization) -> None:
    """See :class:`LayerNormalization`."""
    axes = tuple(range(op.axis, len(draft.shapes[op.x])))
    mean = draft.add(Reduce, x=op.x, function="mean", axes=axes)
    centred = draft.binary("sub", op.x, mean)
    variance = draft.add(Reduce, x=draft.binary("mul", centred, centred), function="mean",
                         axes=axes)
    spread = draft.unary("sqrt", draft.binary("add", variance, op.epsilon))
    scaled = draft.binary("div", centred, spread)
    y = "" if op.bias else op.y
    scaled = draft.binary("mul", scaled, draft.constants[op.scale], y)
    if op.bias:
        draft.binary("add", scaled, draft.constants[op.bias], op.y)


@decomposes(L2Normalization)
def norm(draft: Draft, op: L2Normalization) -> None:
    """See :class:`L2Normalization`."""
    axes = tuple(range(op.axis, len(draft.shapes[op.x])))
    root = draft.add(Reduce, x=draft.binary("mul", op.x, op.x),
                     function="mean" if op.mean else "sum", axes=axes)
    if op.epsilon:
        root = draft.binary("add", root, op.epsilon)
    root = draft.unary("sqrt", root)
    if op.floor:
        root = draft.binary("max", root, op.floor)
    draft.binary("div", op.x, root, op.y)
