# SPDX-License-Identifier: MIT
"""Grouped convolutions as convolutions side by side, and those over a line as over an image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puffer_edge.exporters.decompose.draft import Draft
from puffer_edge.exporters.decompose.registry import decomposes
from puffer_edge.ir.ops import Concat, Conv, Reshape, Split


@decomposes(Conv)
def conv(draft: Draft, op: Conv) -> None:
    """See :class:`Conv`; images of one group stay as they are."""
    if len(op.strides) == 1:
        n, c, length = draft.shapes[op.x]
        weight = draft.constants[op.weight]
        y = draft.fresh("conv")
        conv(draft, replace(
            op, x=draft.add(Reshape, x=op.x, shape=(n, c, 1, length)), y=y,
            weight=draft.constant(weight[:, :, None]), strides=(1, *op.strides),
            dilations=(1, *op.dilations), pads=(0, op.pads[0], 0, op.pads[1])))
        n, m, _, size = draft.shapes[y]
        draft.add(Reshape, op.y, x=y, shape=(n, m, size))
    elif op.group == 1:
        draft.append(op)
    else:
        channels = draft.shapes[op.x][1]
        parts = tuple(draft.fresh("group") for _ in range(op.group))
        draft.append(Split(x=op.x, ys=parts, sizes=(channels // op.group,) * op.group, axis=1,
                           layer=op.layer))
        weights = np.split(draft.constants[op.weight], op.group)
        biases = (np.split(draft.constants[op.bias], op.group) if op.bias
                  else [None] * op.group)
        found = []
        for x, weight, bias in zip(parts, weights, biases, strict=True):
            found.append(draft.fresh("conv"))
            draft.append(replace(op, x=x, y=found[-1], group=1, weight=draft.constant(weight),
                                 bias="" if bias is None else draft.constant(bias)))
        draft.add(Concat, op.y, xs=tuple(found), axis=1)
