# SPDX-License-Identifier: MIT
"""An observation of parts that are read apart: how each can be quantised where it comes in.

Before the first layer, such a policy slices the observation, scales an image by 1 / 255, turns
numbers into categories. What only moves elements or scales them needs no floating point: each
element gets a scale of its own when the observation is quantised, and the rest is done in integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Op, Program
from puffer_edge.ir.observed import parts_of_observation
from puffer_edge.quantization.rule import Movement, rule_of

_MOVING = (Movement.RESHAPE, Movement.REORDER, Movement.SELECT)


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
            (categories), ``per-channel`` (as linear layers take them) or ``per-tensor``.
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
        masks = {getattr(op, rule_of(op).flags) for op in program.ops if rule_of(op).flags}
        rest = [op for op in readers.get(value, []) if masks.isdisjoint(op.outputs)]
        if (len(rest) == 1 and rule_of(rest[0]).movement is Movement.SELECT
                and rest[0].outputs[0] in parts_of_observation(program)):
            (value,) = rest[0].outputs
    while value not in program.results and len(readers.get(value, [])) == 1:
        (op,) = readers[value]
        known = rule_of(op)
        function = known.function(op)
        joins = known.joins and all(
            name == value or name in program.constants for name in op.inputs)
        clips = function is not None and function.function == "clip"
        if not (joins or clips or known.affine(op, program) is not None
                or known.movement in (Movement.RESHAPE, Movement.REORDER)):
            return not (known.joins or known.category or function is not None
                        or known.movement is Movement.SELECT)
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
        groups.append(("per-tensor" if len(found) > 1 else found.pop(), names))
    return Parts(tuple(ops), leaves, tuple(groups))


def _made(op: Op, known: dict[str, Leaf], program: Program) -> Iterator[Leaf]:
    """What an op makes of a part; nothing where it does more than moving and scaling."""
    leaf = known.get(op.inputs[0])
    if leaf is None:
        return
    if rule_of(op).movement in _MOVING:
        for found in zip(*(op.evaluate([array]) for array in
                           (leaf.elements, leaf.scale, leaf.shift)), strict=True):
            yield Leaf(*found)
    elif (affine := rule_of(op).affine(op, program)) is not None:
        scale, shift = affine
        yield Leaf(leaf.elements, leaf.scale * scale, leaf.shift * scale + shift)


def _kind(leaf: Leaf, shape: tuple[int, ...], readers: list[Op]) -> str:
    exact = [bool(rule_of(op).category or rule_of(op).flags) for op in readers]
    if any(exact):
        plain = (leaf.scale == 1).all() and not leaf.shift.any()
        return "exact" if all(exact) and plain else ""
    apart = shape == (1, leaf.elements.size) and all(
        rule_of(op).columns is not None for op in readers)
    return "per-channel" if apart else "per-tensor"


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
