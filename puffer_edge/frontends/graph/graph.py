# SPDX-License-Identifier: MIT
"""Where a lowering works: names of the file, bound to host constants or to values of the Program.

An operand is a numpy array while it is constant, of any dtype, and the name of a float32 Value once
it is computed on the device. An op that only moves data is run at once when all of its inputs are
constant, by its own numpy reference: so shape arithmetic (Shape, Gather, Concat, Reshape) folds
away without a pass of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import Any, TypeAlias

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import FileFormatError
from puffer_edge.frontends.action_kind import Evidence
from puffer_edge.frontends.graph.node import Node
from puffer_edge.ir import Builder, Op, Value
from puffer_edge.ir.ops import (
    Concat,
    Expand,
    Gather,
    Pad,
    Reshape,
    Slice,
    Split,
    Transpose,
    Unary,
)

Operand: TypeAlias = "Array | str"

MAX_RANK = 16

MAX_ELEMENTS = 1 << 22
"""Elements of one value; a policy has thousands, a decompression bomb has billions."""

MAX_FOLDED = 1 << 26
"""Elements that folding may make in all: chained doublings stop here."""

MAX_MADE = 1 << 28
"""Bytes that all constants take that are not the file's own: a cast to float64 doubles them."""

_MOVING = (Concat, Expand, Gather, Pad, Reshape, Slice, Split, Transpose)


class Graph:
    """The operands known so far, and the Program that grows under them.

    Args:
        builder: takes the ops and the notes.
        where: the file, for messages.
        heads: names of the outputs that the action is chosen from, if any.

    Attributes:
        operands: by the file's names.
        choices: names that stand for a decision over logits (ArgMax, LogSoftmax): their
            operand is the logits, and here are the sizes of the heads.
        counts: of the integers, those that were booleans, or are sums of such.
        deciding: for such a name, what puts the index of the choice in its place.
        flags: values that the op which is being lowered takes as booleans.
        integers: names of integer observations, which the Program has as float32.
        masks: names of booleans, which the Program has as the numbers 0 and 1.
        distinct: values that hold indices along an axis of which no two are equal.
        weights: names of the constants that the file itself holds.
        told: what else the file tells of the action's kind.
        chosen_from: names that a softmax or argmax of the file reads, needed or not.
    """

    def __init__(self, builder: Builder, where: str, heads: Iterable[str] = ()) -> None:
        self.builder = builder
        self.where = where
        self.heads = frozenset(heads)
        self.operands: dict[str, Operand] = {}
        self.choices: dict[str, tuple[int, ...]] = {}
        self.counts: set[str] = set()
        self.deciding: dict[str, Callable[[], None]] = {}
        self.flags: set[str] = set()
        self.integers: set[str] = set()
        self.masks: set[str] = set()
        self.distinct: set[str] = set()
        self.weights: set[str] = set()
        self.chosen_from: set[str] = set()
        self.told: Evidence | None = None
        self._labels: dict[int, str] = {}
        self._constants: dict[int, tuple[Array, str]] = {}
        self._budget = MAX_FOLDED
        self._bytes = MAX_MADE
        self._memory: dict[int, Array] = {}

    def bind(self, name: str, operand: Operand) -> None:
        """Gives a name of the file its operand."""
        self.operands[name] = operand
        if not isinstance(operand, str):
            self._labels.setdefault(id(operand), name)
            memory = _memory(operand)
            self._memory[id(memory)] = memory

    def count(self, operands: Iterable[Any], node: Node) -> None:
        """Counts the memory of constants that a node has made; views of bound ones have none.

        Raises:
            UnsupportedError: all of them together have more than any policy.
        """
        for operand in operands:
            if isinstance(operand, np.ndarray):
                memory = _memory(operand)
                self._bytes -= 0 if id(memory) in self._memory else memory.nbytes
        if self._bytes < 0:
            raise node.refuse(f"constants of more than {MAX_MADE >> 20} MiB would be made",
                              "no policy needs that; is this the right file?")

    def shape(self, operand: Operand) -> tuple[int, ...]:
        """Shape of an operand; all shapes are static."""
        return self.builder.shape(operand) if isinstance(operand, str) else operand.shape

    def value(self, operand: Operand, node: Node) -> str:
        """The operand as a value of the Program; a constant must be floating point.

        Raises:
            UnsupportedError: it is an integer tensor.
            FileFormatError: it holds NaN or infinite values.
        """
        if isinstance(operand, str):
            return operand
        if id(operand) not in self._constants:
            if operand.dtype.kind != "f":
                raise node.refuse(f"a tensor of {operand.dtype} is computed with",
                                  "cast it to float32 before the export")
            label = self._labels.get(id(operand), "constant")
            if not operand.size:
                raise node.refuse("an empty tensor is computed with")
            if label not in self.weights and not np.isfinite(operand).all():
                raise node.refuse("a constant is infinite or not a number, such as a mask of -inf",
                                  "use a large finite number before the export")
            # The array is kept with its name: an id is unique only among living objects.
            self._constants[id(operand)] = operand, self.builder.constant(operand, label)
        return self._constants[id(operand)][1]

    def array(self, operand: Operand | None, node: Node, what: str) -> Array:
        """The data of an operand that must be constant.

        Raises:
            UnsupportedError: it is computed from the observation.
        """
        if isinstance(operand, str) or operand is None:
            raise node.refuse(f"{what} must be constant")
        return operand

    def integers_of(self, operand: Operand, node: Node, what: str) -> tuple[int, ...]:
        """The elements of a constant operand as Python integers."""
        array = self.array(operand, node, what)
        if array.dtype.kind not in "iub":
            raise FileFormatError(f"{what} must be integers, not {array.dtype}", where=node.where)
        if array.size > MAX_ELEMENTS:
            raise node.refuse(f"{what} has {array.size} elements")
        return tuple(int(n) for n in array.reshape(-1))

    def scalar(self, operand: Operand, node: Node, what: str) -> float:
        """The one element of a constant operand."""
        array = self.array(operand, node, what)
        if array.size != 1:
            raise node.refuse(f"{what} must be one number, not of shape {array.shape}")
        return float(array.reshape(()))

    def add(self, node: Node, kind: type[Op], **fields: Any) -> Operand:
        """An op with one output: run at once where it can be, else appended to the Program."""
        (output,) = self.add_many(node, kind, 1, **fields)
        return output

    def add_many(self, node: Node, kind: type[Op], count: int, **fields: Any
                 ) -> tuple[Operand, ...]:
        """An op with ``count`` outputs.

        Args:
            node: the source, for names and messages.
            kind: the op's class.
            count: number of its outputs.
            fields: operands for the op's inputs, and its attributes.

        Raises:
            UnsupportedError: an output would be too large.
        """
        present = [f for f in kind.INPUTS if f in fields]
        operands = list(_flat(fields[f] for f in present))
        if all(not isinstance(x, str) for x in operands) and (
                kind in _MOVING or (kind is Unary and operands[0].dtype == np.float32)):
            return self._run(node, kind, count, operands, fields)
        for f in present:
            operand = fields[f]
            fields[f] = (tuple(self.value(x, node) for x in operand)
                         if isinstance(operand, tuple) else self.value(operand, node))
        wishes = (*node.outputs, *("",) * count)[:count]
        outputs = self.builder.add_many(kind, wishes, layer=node.layer, **fields)
        for name in outputs:
            if self.builder.values[name].size > MAX_ELEMENTS:
                raise node.refuse(f"a value of shape {self.builder.shape(name)} would be computed",
                                  "no policy needs that; is this the right file?")
        return outputs

    def spend(self, node: Node, elements: int) -> None:
        """Counts elements that folding is about to make.

        Raises:
            UnsupportedError: they are too many, of one tensor or in all.
        """
        self._budget -= elements
        if elements > MAX_ELEMENTS or self._budget < 0:
            raise node.refuse(f"a constant of {elements} elements would be made",
                              "no policy needs that; is this the right file?")

    def _run(self, node: Node, kind: type[Op], count: int, operands: list[Array],
             fields: dict[str, Any]) -> tuple[Operand, ...]:
        names: dict[str, Any] = {f: ("x",) * len(fields[f]) if isinstance(fields[f], tuple)
                                 else "x" for f in kind.INPUTS}
        names |= {"ys": ("y",) * count} if kind is Split else {"y": "y"}
        op = kind(**{**fields, **names})
        if all(x.size for x in operands):  # an empty shape tensor is legal here, not in a Program
            for shape in op.infer([Value("x", x.shape) for x in operands]):
                self.spend(node, prod(shape))
        return tuple(map(np.asarray, op.evaluate(operands)))  # of no axes: numbers else


def number(value: float) -> Array:
    """A float32 constant without dimensions."""
    return np.full((), value, np.float32)


def _memory(array: Array) -> Array:
    """The array that owns the memory of this one, as far as numpy tells."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _flat(fields: Iterable[Any]) -> Iterable[Any]:
    for field in fields:
        if isinstance(field, tuple):
            yield from field
        else:
            yield field
