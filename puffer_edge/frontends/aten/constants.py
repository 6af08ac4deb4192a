# SPDX-License-Identifier: MIT
"""Ops that make constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from puffer_edge.frontends.aten.lower import lowers
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.node import Node


def host_dtype(dtype: str | None) -> Any:
    """The type of a constant in numpy; every floating point is float32 here."""
    return np.dtype("float32" if dtype in (None, "float64", "float16", "bfloat16") else dtype)


@lowers("zeros", "ones", "full", "new_zeros", "new_ones", "new_full", "zeros_like", "ones_like",
        "full_like", "zero", "fill")
def full(graph: Graph, node: Node, x: Operand | None = None, size: Sequence[int] | None = None,
         fill_value: float | None = None, value: Any = None, dtype: str | None = None) -> Operand:
    """One number repeated; the shape is given, or is that of ``x``."""
    if isinstance(value, str):
        raise node.refuse("filling with a computed value")
    shape = tuple(size) if size is not None else graph.shape(x) if x is not None else ()
    graph.spend(node, int(np.prod(shape)))
    number: Any = 1 if "ones" in node.op_type else 0
    for wished in (fill_value, value):
        number = number if wished is None else wished
    if dtype is None and isinstance(x, np.ndarray):
        return np.full(shape, number, x.dtype)
    return np.full(shape, number, host_dtype(dtype))


@lowers("arange")
def arange(graph: Graph, node: Node, end: float, start: float = 0, step: float = 1,
           dtype: str | None = None) -> Operand:
    """``start, start + step...`` below ``end``."""
    graph.spend(node, max(int((end - start) / step), 0))
    whole = all(isinstance(n, int) for n in (start, end, step))
    return np.arange(start, end, step).astype(
        np.int64 if whole and dtype is None else host_dtype(dtype))


@lowers("linspace")
def linspace(graph: Graph, node: Node, start: float, end: float, steps: int,
             dtype: str | None = None) -> Operand:
    """From start to end, both included."""
    graph.spend(node, steps)
    return np.linspace(start, end, steps).astype(host_dtype(dtype))


@lowers("eye")
def eye(graph: Graph, node: Node, n: int, m: int | None = None, dtype: str | None = None
        ) -> Operand:
    """Ones on the diagonal."""
    graph.spend(node, n * (m or n))
    return np.eye(n, m, dtype=host_dtype(dtype))


@lowers("scalar_tensor")
def scalar_tensor(graph: Graph, node: Node, s: float, dtype: str | None = None) -> Operand:
    """A number as a tensor."""
    return np.full((), s, host_dtype(dtype))


@lowers("sym_size")
def sym_size(graph: Graph, node: Node, x: Operand, dim: int) -> int:
    """A size; all are fixed here."""
    return graph.shape(x)[dim]
