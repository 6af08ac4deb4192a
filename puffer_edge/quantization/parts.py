"""An observation of parts that are read apart: how each can be quantised where it comes in.

Before the first layer, such a policy slices the observation, scales an image by 1 / 255, turns
numbers into categories. What only moves elements or scales them needs no floating point: each
element gets a scale of its own when the observation is quantised, and the rest is done in integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import (
    BatchNormalization,
    Concat,
    Expand,
    Gather,
    Gemm,
    GRUCell,
    LSTMCell,
    Mask,
    OneHot,
    Reshape,
    Slice,
    Split,
    Transpose,
    Unary,
)

Array = npt.NDArray[Any]
_MOVING = (Expand, Gather, Reshape, Slice, Split, Transpose)


@dataclass(frozen=True)
class Leaf:
    """A value that is elements of the observation, ``x * scale + shift`` each, and is read.

    Attributes:
        elements: which, [n].
        scale, shift: [n] float64.
    """

    elements: Array
    scale: Array
    shift: Array


@dataclass(frozen=True)
class Parts:
    """What is done to an observation before anything is computed with it.

    Attributes:
        ops: in their order; their outputs are leaves, or read by other ops here.
        leaves: by name.
        groups: names of leaves that share elements, with how they can be quantised: ``exact``
            (categories), ``features`` (each its own scale, as linear layers take them) or
            ``uniform`` (one scale).
    """

    ops: tuple[Op, ...]
    leaves: dict[str, Leaf]
    groups: tuple[tuple[str, tuple[str, ...]], ...]


def read_by_one_layer(program: Program) -> bool:
    """Whether all of the observation goes into one layer, scaled, clipped or in another order.

    Then that layer quantises it.
    """
    readers, value = program.consumers(), program.input
    if program.contract.mask is not None:  # beside what is read of the rest of the observation
        masks = {op.mask for op in program.ops if isinstance(op, Mask)}
        rest = [op for op in readers.get(value, []) if masks.isdisjoint(op.outputs)]
        if len(rest) == 1 and isinstance(rest[0], Slice):
            (value,) = rest[0].outputs
    while value not in program.results and len(readers.get(value, [])) == 1:
        (op,) = readers[value]
        joins = isinstance(op, Concat) and all(
            name == value or name in program.constants for name in op.xs)
        clips = isinstance(op, Unary) and op.function.function == "clip"
        if not (joins or clips or isinstance(op, BatchNormalization | Reshape | Transpose)):
            return not isinstance(op, (*_MOVING, OneHot, Concat, Unary))
        value = op.outputs[0]
    return False


def find_parts(program: Program) -> Parts | None:
    """The parts of an optimised float Program; None where an element is wanted in two ways."""
    size = program.contract.observation_size
    if program.values[program.input].shape != (1, size):
        return None
    known = {program.input: Leaf(np.arange(size).reshape(1, size), np.ones((1, size)),
                                 np.zeros((1, size)))}
    ops: list[Op] = []
    for op in program.ops:
        made = list(_made(op, known, program))
        if made:
            known |= dict(zip(op.outputs, made, strict=True))
            ops.append(op)
    if not program.results.isdisjoint(known):  # given out or remembered as it is
        return None
    readers = {name: [op for op in program.consumers().get(name, []) if op not in ops]
               for name in known}
    leaves = {name: Leaf(*(part.reshape(-1) for part in (leaf.elements, leaf.scale, leaf.shift)))
              for name, leaf in known.items() if readers[name]}
    kinds = {name: _kind(leaf, program.values[name].shape, readers[name])
             for name, leaf in leaves.items()}
    if not _agree(leaves, size):
        return None
    groups = []
    for names in _sharing(leaves):
        found = {kinds[name] for name in names}
        if "" in found or ("exact" in found and len(found) > 1):
            return None
        groups.append(("uniform" if len(found) > 1 else found.pop(), names))
    return Parts(tuple(ops), leaves, tuple(groups))


def _made(op: Op, known: dict[str, Leaf], program: Program) -> Iterator[Leaf]:
    """What an op makes of a part; nothing where it does more than moving and scaling."""
    if isinstance(op, _MOVING):
        leaf = known.get(op.x)
        if leaf is not None:
            for found in zip(*(op.evaluate([array]) for array in
                               (leaf.elements, leaf.scale, leaf.shift)), strict=True):
                yield Leaf(*found)
    elif isinstance(op, BatchNormalization) and op.x in known and (
            {op.scale, op.shift} <= program.constants.keys()):
        leaf = known[op.x]
        along = [-1 if axis == 1 else 1 for axis in range(leaf.elements.ndim)]
        scale, shift = (program.constants[name].astype(np.float64).reshape(along)
                        for name in (op.scale, op.shift))
        yield Leaf(leaf.elements, leaf.scale * scale, leaf.shift * scale + shift)


def _kind(leaf: Leaf, shape: tuple[int, ...], readers: list[Op]) -> str:
    categories = [isinstance(op, OneHot | Mask) for op in readers]
    if any(categories):
        plain = (leaf.scale == 1).all() and not leaf.shift.any()
        return "exact" if all(categories) and plain else ""
    apart = shape == (1, leaf.elements.size) and all(
        isinstance(op, Gemm | GRUCell | LSTMCell) for op in readers)
    return "features" if apart else "uniform"


def _agree(leaves: dict[str, Leaf], size: int) -> bool:
    """Whether all leaves that hold an element scale it alike."""
    scale, shift = np.full(size, np.nan), np.full(size, np.nan)
    for leaf in leaves.values():
        for seen, wanted in ((scale, leaf.scale), (shift, leaf.shift)):
            before = seen[leaf.elements]
            if not np.all(np.isnan(before) | (before == wanted)):
                return False
            seen[leaf.elements] = wanted
    return True


def _sharing(leaves: dict[str, Leaf]) -> list[tuple[str, ...]]:
    """Leaves in groups: those that share elements, directly or by way of others."""
    groups: list[tuple[set[int], list[str]]] = []
    for name, leaf in leaves.items():
        elements, names = set(leaf.elements.tolist()), [name]
        apart = []
        for others, theirs in groups:
            if elements.isdisjoint(others):
                apart.append((others, theirs))
            else:
                elements, names = elements | others, theirs + names
        groups = [*apart, (elements, names)]
    return [tuple(names) for _, names in groups]
