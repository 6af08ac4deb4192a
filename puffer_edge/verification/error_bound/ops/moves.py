# SPDX-License-Identifier: MIT
"""Ops that only move elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.ir import Op
from puffer_edge.ir.ops import Concat, Expand, Gather, Pad, Reshape, Slice, Split, Transpose
from puffer_edge.verification.error_bound.pair import Pair
from puffer_edge.verification.error_bound.rule import rule


@rule(Concat, Expand, Gather, Pad, Reshape, Slice, Split, Transpose)
def bound(op: Op, *inputs: Pair) -> tuple[Pair, ...]:
    """Where each element goes, found by moving the elements' numbers; -1 is new."""
    starts = np.cumsum([0, *(x.v.size for x in inputs)])
    numbers = [n + np.arange(x.v.size, dtype=np.int64).reshape(x.v.shape)
               for x, n in zip(inputs, starts, strict=False)]
    if isinstance(op, Pad):
        (n,) = numbers
        places: Any = (np.pad(n, list(zip(op.begins, op.ends, strict=True)), constant_values=-1),)
    else:
        places = op.evaluate(numbers)
    v, d = (np.concatenate([getattr(x, part).reshape(-1) for x in inputs] + [[0.0]])
            for part in ("v", "d"))
    width = max((x.g.shape[-1] for x in inputs if x.g is not None), default=0)
    g = np.concatenate([np.zeros((x.v.size, width)) if x.g is None
                        else x.g.reshape(x.v.size, width) for x in inputs] + [np.zeros((1, width))])
    origin = np.concatenate([np.full(x.v.size, -1) if x.origin is None else x.origin.reshape(-1)
                             for x in inputs] + [[-1]])
    return tuple(Pair(v[p], d[p], g[p] if width else None, origin[p]) for p in places)
