# SPDX-License-Identifier: MIT
"""Reductions over axes, and decisions over the last one."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from puffer_edge.frontends.graph.arithmetic import combine
from puffer_edge.frontends.graph.functions import apply
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.linear import matmul
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.ir.ops import Reduce, Transpose


def reduced(graph: Graph, node: Node, x: Operand, function: str, axes: tuple[int, ...],
            *, keep: bool) -> Operand:
    """``function`` (mean, sum, max, min) over ascending axes, which need not be adjacent."""
    shape = graph.shape(x)
    kept = tuple(a for a in range(len(shape)) if a not in axes)
    if axes[-1] - axes[0] + 1 != len(axes):
        x = graph.add(node, Transpose, x=x, permutation=(*kept, *axes))
        axes = tuple(range(len(kept), len(shape)))
    y = graph.add(node, Reduce, x=x, function=function, axes=axes, keep=False)
    if not keep:
        return y
    return reshaped(graph, node, y, tuple(n if a in kept else 1 for a, n in enumerate(shape)))


def log_softmax(graph: Graph, node: Node, x: Operand, axes: tuple[int, ...]) -> Operand:
    """``x - max - log(sum(exp(x - max)))``; left out at the end of a discrete head."""
    shape = graph.shape(x)
    if node.outputs[0] in graph.heads and prod(shape[axes[0] + 1 :]) == 1:
        return leave_to_contract(graph, node, x, axes[0])
    largest, total = log_sum_exp(graph, node, x, axes)
    return combine(graph, node, "sub", combine(graph, node, "sub", x, largest), total)


def log_sum_exp(graph: Graph, node: Node, x: Operand, axes: tuple[int, ...]
                 ) -> tuple[Operand, Operand]:
    """The maximum over the axes, and ``log(sum(exp(x - max)))``; axes are kept as 1."""
    largest = reduced(graph, node, x, "max", axes, keep=True)
    powers = apply(graph, node, combine(graph, node, "sub", x, largest), "exp")
    return largest, apply(graph, node, reduced(graph, node, powers, "sum", axes, keep=True), "log")


def arg_max(graph: Graph, node: Node, x: Operand, axis: int, index: Callable[[], Operand]
            ) -> Operand:
    """The logits in place of their argmax: at the end of a head the contract chooses itself.

    Where something computes with it, ``graph.deciding`` puts what ``index`` gives in its place.
    """
    if prod(graph.shape(x)[axis + 1 :]) != 1:
        return index()
    y = leave_to_contract(graph, node, x, axis)
    name, note = node.outputs[0], graph.builder.notes[-1]

    def decide() -> None:
        graph.choices.pop(name, None)
        graph.builder.notes[:] = [other for other in graph.builder.notes if other is not note]
        graph.bind(name, index())

    graph.deciding[name] = decide
    return y


def leave_to_contract(graph: Graph, node: Node, x: Operand, axis: int) -> Operand:
    """The logits in place of a decision over the last axis, one head per row."""
    shape = graph.shape(x)
    graph.choices[node.outputs[0]] = (shape[axis],) * prod(shape[:axis])
    graph.builder.note("dropped", f"{node.op_type} at the end: the action is chosen from its input")
    return x


def cumulated(graph: Graph, node: Node, x: Operand, axis: int, *, backwards: bool = False,
              exclusive: bool = False) -> Operand:
    """Sums up to each element of an axis: a product with a triangle of ones."""
    shape = graph.shape(x)
    order = (*(a for a in range(len(shape)) if a != axis), axis)
    last = axis == len(shape) - 1
    x = x if last else graph.add(node, Transpose, x=x, permutation=order)
    turned, size = graph.shape(x), shape[axis]
    ones = np.triu(np.ones((size, size), np.float32), 1 if exclusive else 0)
    rows = reshaped(graph, node, x, (prod(turned[:-1]), size))
    y = reshaped(graph, node, matmul(graph, node, rows, ones.T if backwards else ones), turned)
    back = tuple(order.index(a) for a in range(len(shape)))
    return y if last else graph.add(node, Transpose, x=y, permutation=back)
