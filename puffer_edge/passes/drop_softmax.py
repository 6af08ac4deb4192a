# SPDX-License-Identifier: MIT
"""Drops what turns logits into probabilities at the end of a discrete policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Discrete, Op, Program
from puffer_edge.ir.ops import (
    BatchNormalization,
    Binary,
    Concat,
    Expand,
    Reduce,
    Reshape,
    Softmax,
    Unary,
)
from puffer_edge.passes.constants import unused
from puffer_edge.passes.dead_code import remove_dead_code

_ROWWISE = (BatchNormalization, Binary, Expand, Reduce, Reshape, Softmax, Unary)
LONGEST = 16
"""Ops between logits and an output that are looked at."""
TRIALS = 32
NEAR = 1e-3
"""How far probabilities may be off: files add a small number before a logarithm."""


@dataclass(frozen=True)
class _Part:
    """A value that holds the outputs of one or several heads of one size."""

    name: str
    sizes: tuple[int, ...]


def drop_softmax(program: Program) -> Program:
    """``softmax(logits)``, ``log_softmax(logits)``, ``log(softmax(logits) + eps)`` -> logits.

    Per head. The largest stays the largest; and who draws from the raw output takes it for logits,
    which after a softmax it was not, and after a log-softmax again is. Right because all ops on the
    way treat the choices of a head alike (no constant but single numbers), so that what gives the
    probabilities of dozens of random rows gives those of every row.
    """
    action = program.contract.action
    if not isinstance(action, Discrete) or program.contract.mask is not None:
        return program
    parts = _parts(program, _Part(program.outputs[0], action.sizes), program.producers())
    logits = [_logits(program, part) for part in parts]
    if not any(logits):
        return program
    names = [found or part.name for found, part in zip(logits, parts, strict=True)]
    taken, ops, flat = set(program.values), list(program.ops), []
    for name in names:
        flat.append(unused(f"{name}.logits", taken))
        taken.add(flat[-1])
        ops.append(Reshape(x=name, y=flat[-1], shape=(1, program.values[name].size)))
    if len(flat) > 1:
        joined = unused("joined_logits", taken)
        ops.append(Concat(xs=tuple(flat), y=joined, axis=1))
        flat = [joined]
    made = program.with_ops(ops, outputs=(flat[0], *program.outputs[1:]))
    return remove_dead_code(made).noting("dropped", (
        "the softmax at the end: the action is chosen, and drawn, from the logits before it"))


def _parts(program: Program, part: _Part, producers: dict[str, Op]) -> list[_Part]:
    """The values that heads lie in, before they were joined."""
    op = producers.get(part.name)
    if isinstance(op, Reshape):
        return _parts(program, replace(part, name=op.x), producers)
    if not isinstance(op, Concat) or prod(program.values[part.name].shape[: op.axis]) != 1:
        return [part]
    found, left = [], list(part.sizes)
    for name in op.xs:
        size, sizes = program.values[name].size, list[int]()
        while left and sum(sizes) < size:
            sizes.append(left.pop(0))
        if sum(sizes) != size:
            return [part]  # a head is made of several parts
        found += _parts(program, _Part(name, tuple(sizes)), producers)
    return found


def _logits(program: Program, part: _Part) -> str | None:
    """The earliest value that has the probabilities of the part's heads, if there is one."""
    if len(set(part.sizes)) != 1 or part.sizes[0] == 1:
        return None
    producers, cone = program.producers(), list[Op]()
    position = {id(op): index for index, op in enumerate(program.ops)}
    frontier, best = {part.name}, None
    while len(cone) < LONGEST:
        makers = [producers[name] for name in frontier if name in producers]
        if not makers:
            break
        op = max(makers, key=lambda one: position[id(one)])
        if not _is_rowwise(program, op):
            break
        cone.insert(0, op)
        frontier = (frontier - set(op.outputs)) | {
            name for name in op.operands if name not in program.constants}
        if len(frontier) == 1:
            (name,) = frontier
            moved = all(isinstance(each, Reshape | Expand) for each in cone)
            if (program.values[name].size == sum(part.sizes) and not moved
                    and _are_probabilities(program, name, cone, part)):
                best = name
    return best


def _is_rowwise(program: Program, op: Op) -> bool:
    """Whether it has no constants but those that are the same for every choice."""
    constants = [program.constants[name] for name in op.operands if name in program.constants]
    return isinstance(op, _ROWWISE) and all(
        array.size and (array == array.reshape(-1)[0]).all() for array in constants)


def _are_probabilities(program: Program, name: str, cone: list[Op], part: _Part) -> bool:
    """Whether the part has the probabilities of that value, for random rows."""
    random, shape = np.random.default_rng(0), program.values[name].shape
    for trial in range(TRIALS):
        reach = (20.0, 1.0, 5.0, 0.1)[trial % 4]
        logits = random.uniform(-reach, reach, shape).astype(np.float32)
        known: dict[str, Array] = {**program.constants, name: logits}
        with np.errstate(all="ignore"):
            for op in cone:
                known.update(zip(op.outputs, op.evaluate([known[each] for each in op.inputs]),
                                 strict=True))
        rows = known[part.name].reshape(-1, part.sizes[0]).astype(np.float64)
        before = logits.reshape(rows.shape).astype(np.float64)
        if not np.isfinite(rows).all():
            return False
        if (rows.argmax(1) != before.argmax(1)).any() or not _agree(rows, _softmax(before)):
            return False
    return True


def _agree(rows: Array, wanted: Array) -> bool:
    """Whether rows are these probabilities, or their logits."""
    found = [_softmax(rows)]
    if (rows >= 0).all():
        found.append(rows)
    return any(bool((np.abs(each - wanted) < NEAR).all()) for each in found)


def _softmax(rows: Array) -> Array:
    powers = np.exp(rows - rows.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))
