# SPDX-License-Identifier: MIT
"""Ops that repeat elements; they work on constants of any dtype too."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.ir.ops import Expand


def tile(graph: Graph, node: Node, x: Operand, counts: Sequence[int]) -> Operand:
    """Each axis is doubled into (repeats, size), expanded and joined again."""
    shape = graph.shape(x)
    if not isinstance(x, str) and len(counts) == len(shape) and min(counts, default=1) >= 0:
        graph.spend(node, x.size * prod(counts))
        return np.tile(x, counts)
    if len(counts) != len(shape) or min(counts, default=1) < 1:
        raise FileFormatError(f"{shape} cannot be repeated {tuple(counts)}", where=node.where)
    apart = tuple(n for size in shape for n in (1, size))
    wide = tuple(n for pair in zip(counts, shape, strict=True) for n in pair)
    x = reshaped(graph, node, x, apart)
    x = x if wide == apart else graph.add(node, Expand, x=x, shape=wide)
    return reshaped(graph, node, x, tuple(a * b for a, b in zip(counts, shape, strict=True)))


def triangle(graph: Graph, node: Node, x: Operand, diagonal: int, *, upper: bool) -> Operand:
    """The part of the last two axes on one side of a diagonal; zeros elsewhere."""
    rows, columns = graph.shape(x)[-2:]
    kept = np.tri(rows, columns, diagonal - upper, dtype=np.bool_) ^ upper
    if not isinstance(x, str):
        return np.where(kept, x, np.zeros((), x.dtype))
    return combine(graph, node, "mul", x, kept.astype(np.float32))
