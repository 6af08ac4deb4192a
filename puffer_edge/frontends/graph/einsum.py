# SPDX-License-Identifier: MIT
"""Einsum of static shapes: a sum, a transposition, a product of matrices, or several of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.graph.graph import Graph, Operand
from puffer_edge.frontends.graph.linear import matmul
from puffer_edge.frontends.graph.node import Node
from puffer_edge.frontends.graph.reduction import reduced
from puffer_edge.frontends.graph.shape import reshaped
from puffer_edge.ir.ops import Transpose

_EQUATION = re.compile(r"[A-Za-z.,]*(->[A-Za-z.]*)?")
_ELLIPSIS = "0123456789"
"""Letters that stand for the axes of an ellipsis, the last one last."""

Term = tuple[str, Operand]


def einsum(graph: Graph, node: Node, equation: str, operands: Sequence[Operand]) -> Operand:
    """Operands are multiplied from the left.

    Args:
        graph: takes the ops.
        node: the source.
        equation: as ``bij,jk->bik``.
        operands: one per term of its left side.
    """
    terms, result = _parsed(graph, node, equation, operands)
    if all(not isinstance(x, str) for x in operands):
        sizes = {label: n for labels, x in terms
                 for label, n in zip(labels, graph.shape(x), strict=True)}
        graph.spend(node, prod(sizes.values()))
        numbers = {label: index for index, label in enumerate(sizes)}
        arguments: list[Any] = [
            part for labels, x in terms for part in (x, [numbers[c] for c in labels])]
        return np.asarray(np.einsum(*arguments, [numbers[c] for c in result]))
    if any(len(set(labels)) < len(labels) for labels, _ in (*terms, (result, ""))):
        raise node.refuse("a diagonal")

    def product(left: Term, index: int) -> Term:
        later = "".join(labels for labels, _ in terms[index + 1 :]) + result
        return _product(graph, node, left, terms[index], later)

    labels, x = reduce(product, range(1, len(terms)), terms[0])
    labels, x = _summed(graph, node, (labels, x), result)
    return _ordered(graph, node, (labels, x), result)


def _parsed(graph: Graph, node: Node, equation: str, operands: Sequence[Operand]
            ) -> tuple[list[Term], str]:
    equation = equation.replace(" ", "")
    if not _EQUATION.fullmatch(equation):
        raise FileFormatError("the equation is malformed", where=node.where)
    left, arrow, result = equation.partition("->")
    parts = left.split(",")
    if len(parts) != len(operands):
        raise FileFormatError("the equation has another number of operands", where=node.where)
    terms: list[Term] = []
    sizes: dict[str, int] = {}
    widest = ""
    for part, x in zip(parts, operands, strict=True):
        shape = graph.shape(x)
        hidden = len(shape) - len(part.replace("...", ""))
        dots = _ELLIPSIS[len(_ELLIPSIS) - hidden :] if 0 < hidden <= len(_ELLIPSIS) else ""
        widest = max(widest, dots, key=len)
        labels = part.replace("...", dots)
        if "." in labels or len(labels) != len(shape) or (dots and "..." not in part):
            raise FileFormatError(f"{part!r} does not fit {shape}", where=node.where)
        for label, size in zip(labels, shape, strict=True):
            if sizes.setdefault(label, size) != size:
                raise node.refuse("an axis that is repeated")
        terms.append((labels, x))
    if not arrow:
        every = "".join(labels for labels, _ in terms)
        result = "..." + "".join(sorted(
            label for label in set(every) - set(_ELLIPSIS) if every.count(label) == 1))
    result = result.replace("...", widest)
    if not set(result) <= sizes.keys():
        raise FileFormatError("the equation is malformed", where=node.where)
    return terms, result


def _product(graph: Graph, node: Node, left: Term, right: Term, later: str) -> Term:
    """The product of two, summed over what nobody reads later."""
    left = _summed(graph, node, left, right[0] + later)
    right = _summed(graph, node, right, left[0] + later)
    (a, x), (b, y) = left, right
    sizes = dict(zip(a + b, graph.shape(x) + graph.shape(y), strict=True))
    shared = [label for label in a if label in b]
    batch = "".join(label for label in shared if label in later)
    inner = "".join(label for label in shared if label not in later)
    rows = "".join(label for label in a if label not in b)
    columns = "".join(label for label in b if label not in a)

    def size(labels: str) -> int:
        return prod(sizes[label] for label in labels)

    lead = (size(batch),) if batch else ()
    x = reshaped(graph, node, _ordered(graph, node, left, batch + rows + inner),
                 (*lead, size(rows), size(inner)))
    y = reshaped(graph, node, _ordered(graph, node, right, batch + inner + columns),
                 (*lead, size(inner), size(columns)))
    labels = batch + rows + columns
    z = matmul(graph, node, x, y)
    return labels, reshaped(graph, node, z, tuple(sizes[label] for label in labels))


def _summed(graph: Graph, node: Node, term: Term, kept: str) -> Term:
    labels, x = term
    axes = tuple(axis for axis, label in enumerate(labels) if label not in kept)
    if not axes:
        return term
    rest = "".join(label for label in labels if label in kept)
    if isinstance(x, str):
        return rest, reduced(graph, node, x, "sum", axes, keep=False)
    return rest, np.asarray(x.sum(axes, dtype=x.dtype))


def _ordered(graph: Graph, node: Node, term: Term, wished: str) -> Operand:
    labels, x = term
    if labels == wished:
        return x
    return graph.add(node, Transpose, x=x,
                     permutation=tuple(labels.index(label) for label in wished))
