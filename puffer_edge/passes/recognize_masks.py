# SPDX-License-Identifier: MIT
"""Finds the action mask that a graph spells out in arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import ActionMask, Discrete, Op, Program
from puffer_edge.ir.ops import (
    BatchNormalization,
    Binary,
    Concat,
    Expand,
    Gather,
    Mask,
    Reduce,
    Reshape,
    Slice,
    Softmax,
    Split,
    Transpose,
    Unary,
)
from puffer_edge.passes.constants import unused
from puffer_edge.passes.dead_code import remove_dead_code

_MOVING = (Expand, Gather, Reshape, Slice, Split, Transpose)
_MIXING = (*_MOVING, BatchNormalization, Binary, Concat, Reduce, Softmax, Unary)
"""What masks are made of; a linear layer is where logits come from."""

TRIALS = 32
REACH = 20.0
"""Logits that are tried lie in [-20, 20]: a penalty of less than 40 is no mask."""
LARGEST = 4096
"""Choices beyond which nothing is tried."""


@dataclass(frozen=True)
class _Cut:
    """A first output between its logits and a mask.

    Attributes:
        program: whose output it is.
        start: first element of the mask in the flat observation.
        logits: values that the output is made of beside the mask.
        ops: from there on, in execution order.
    """

    program: Program
    start: int
    logits: tuple[str, ...]
    ops: tuple[Op, ...]

    def run(self, logits: Array, mask: Array) -> Array:
        """The output for logits and a mask, [choices] each."""
        program = self.program
        observation = np.zeros(program.contract.observation_size, np.float32)
        observation[self.start : self.start + len(mask)] = mask
        known: dict[str, Array] = {
            **program.constants,
            program.input: observation.reshape(program.values[program.input].shape)}
        for name in self.logits:
            value = program.values[name]
            known[name], logits = logits[: value.size].reshape(value.shape), logits[value.size :]
        with np.errstate(all="ignore"):
            for op in self.ops:
                known.update(zip(op.outputs, op.evaluate([known[name] for name in op.inputs]),
                                 strict=True))
        return known[_output(program)].reshape(-1)


def recognize_masks(program: Program) -> Program:
    """``where(mask, logits, -1e9)``, ``logits + log(mask)``, ``softmax(logits) * mask``... -> Mask.

    Whatever the idiom, elements of the observation are combined with the logits by elementwise ops.
    Where the choice that comes out is that of the largest logit among those with a 1 (or a 0), for
    dozens of random logits and masks, these elements are a mask. The Mask that takes the place of
    the arithmetic then holds for logits of any size, and in integers.
    """
    contract = program.contract
    if not contract.sizes or contract.mask is not None or sum(contract.sizes) > LARGEST:
        return program
    mixed, head = False, Discrete(contract.sizes)
    for start in _starts(program, head):
        cuts = _cuts(program, start, head)
        mixed = mixed or bool(cuts)
        found = _chosen(cuts, head)
        if found is not None:
            return _rewritten(program, *found)
    if mixed and (name := next((f.name for f in contract.observation if "mask" in f.name), "")):
        return program.noting("warning", (
            f"{name} is computed with like any number: it is no mask that forbids a choice for "
            "every logit (a product with logits is none, as a negative logit becomes larger)"))
    return program


def _output(program: Program) -> str:
    """The output of logits."""
    return program.outputs[program.contract.choosing or 0]


def _starts(program: Program, action: Discrete) -> Iterator[int]:
    """Where in the observation a mask may begin: at a run of the size of a head, or of all."""
    seen = set()
    for places in _places(program).values():
        start = int(places.min())
        if places.size in (action.width, action.sizes[0]) and start not in seen and (
                start + action.width <= program.contract.observation_size):
            seen.add(start)
            yield start


def _places(program: Program) -> dict[str, Array]:
    """Values that hold elements of the observation as they are: which."""
    shape = program.values[program.input].shape
    known = {program.input: np.arange(program.contract.observation_size).reshape(shape)}
    for op in program.ops:
        if isinstance(op, _MOVING) and op.operands[0] in known:
            found = op.evaluate([known.get(name, program.constants.get(name))
                                 for name in op.inputs])
            known.update(zip(op.outputs, found, strict=True))
    return known


def _cuts(program: Program, start: int, action: Discrete) -> list[_Cut]:
    """Ways to take the first output apart, the one with the earliest logits first."""
    places, end = _places(program), start + action.width
    pure = {name for name, found in places.items() if start <= found.min() and found.max() < end}
    mixed: set[str] = set()
    for op in program.ops:
        computed = [name for name in op.operands if name not in program.constants]
        if isinstance(op, _MIXING) and computed and all(name in pure for name in computed):
            pure.update(op.outputs)
        elif isinstance(op, _MIXING) and any(name in pure or name in mixed for name in computed):
            mixed.update(op.outputs)
    if _output(program) not in mixed:
        return []
    late = _frontier(program, [_output(program)], mixed, pure)
    early = _frontier(program, late, {name for op in program.ops if isinstance(op, _MIXING)
                                      for name in op.outputs}, set())
    found = []
    for logits in dict.fromkeys((early, late)):
        if sum(program.values[name].size for name in logits) == action.width:
            cut = _Cut(program, start, logits, _between(program, logits))
            found.append(_ordered(cut, action))
    return found


def _frontier(program: Program, names: Sequence[str], inside: set[str], left_out: set[str]
              ) -> tuple[str, ...]:
    """The values from which ``names`` are computed by ops with outputs ``inside``."""
    producers, found = program.producers(), dict[str, None]()
    waiting, seen = list(reversed(names)), set(names)
    while waiting:
        name = waiting.pop()
        if name in program.constants or name in left_out:
            continue
        if name not in inside or name not in producers:
            found[name] = None
            continue
        fresh = [other for other in producers[name].operands if other not in seen]
        seen.update(fresh)
        waiting += reversed(fresh)
    return tuple(found)


def _between(program: Program, logits: Sequence[str]) -> tuple[Op, ...]:
    """The ops that the first output needs, once the logits and the observation are known."""
    needed, ops = {_output(program)}, []
    for op in reversed(program.ops):
        outputs = set(op.outputs) - set(logits)
        if outputs & needed:
            ops.append(op)
            needed.update(name for name in op.operands if name not in logits)
    return tuple(reversed(ops))


def _ordered(cut: _Cut, action: Discrete) -> _Cut:
    """With logits of several heads in the order in which they lie in the output."""
    if len(cut.logits) == 1:
        return cut
    ones, zeros = np.ones(action.width, np.float32), np.zeros(action.width, np.float32)
    before, start, firsts = cut.run(zeros, ones), 0, {}
    for name in cut.logits:
        size = cut.program.values[name].size
        logits = zeros.copy()
        logits[start : start + size] = np.arange(size) + 1
        changed = np.flatnonzero(cut.run(logits, ones) != before)
        firsts[name] = int(changed[0]) if changed.size else action.width
        start += size
    return replace(cut, logits=tuple(sorted(cut.logits, key=lambda name: firsts[name])))


def _chosen(cuts: Sequence[_Cut], action: Discrete) -> tuple[_Cut, bool] | None:
    """The cut whose output acts as a mask, and whether a 1 forbids; None where none does.

    Best is one after whose logits nothing but the mask and a softmax comes, as then draws have the
    policy's own probabilities, too.
    """
    acting: list[tuple[_Cut, bool]] = []
    for cut in cuts:
        for forbids in (False, True):
            acts, alike = _tried(cut, forbids, action)
            if alike:
                return cut, forbids
            acting += [(cut, forbids)] if acts else []
    return acting[-1] if acting else None


def _tried(cut: _Cut, forbids: bool, action: Discrete) -> tuple[bool, bool]:
    """Whether choices, and whether probabilities, are those of a mask, for random numbers."""
    random = np.random.default_rng(0)
    mask, alike = ActionMask(0, action.sizes, forbids), True
    ends = np.cumsum(action.sizes)[:-1]
    for trial in range(TRIALS):
        reach = (REACH, 1.0)[trial % 2]
        logits = random.uniform(-reach, reach, action.width).astype(np.float32)
        (given,) = mask.at_random(np.zeros((1, action.width), np.float32), random)
        output = cut.run(logits, given).astype(np.float64)
        heads = zip(*(np.split(part, ends) for part in (logits, output, mask.allowed(given))),
                    strict=True)
        for raw, made, allowed in heads:
            masked = np.where(allowed, raw, -np.inf)
            if not np.isfinite(made).all() or made.argmax() != masked.argmax():
                return False, False
            wanted = np.exp(masked - masked.max())
            alike = alike and _probabilities(made, wanted / wanted.sum())
    return True, alike


def _probabilities(output: Array, wanted: Array) -> bool:
    """Whether an output is these probabilities, not normalised, or their logits."""
    powers = np.exp(output - output.max())
    candidates = [powers / powers.sum()]
    if (output >= 0).all() and output.sum() > 0:
        candidates.append(output / output.sum())
    return any(bool(np.abs(found - wanted).max() < 1e-3) for found in candidates)


def _rewritten(program: Program, cut: _Cut, forbids: bool) -> Program:
    """With a Mask of the observation's own elements in the place of the arithmetic."""
    mask = ActionMask(cut.start, program.contract.sizes, forbids)
    ops, parts = list(program.ops), []
    taken = set(program.values)
    for name in cut.logits:
        size = program.values[name].size
        parts.append(unused(f"{name}.flat", taken))
        taken.add(parts[-1])
        ops.append(Reshape(x=name, y=parts[-1], shape=(1, size)))
    logits = parts[0]
    if len(parts) > 1:
        logits = unused("logits", taken)
        ops.append(Concat(xs=tuple(parts), y=logits, axis=1))
    made = masked(replace(program, ops=tuple(ops)), logits, mask)
    part = f"elements {mask.part.start} to {mask.part.stop - 1} of the observation"
    names = _names(program, mask.part)
    return remove_dead_code(made).noting("stated", (
        f"{part}{names} are the action mask: {0 if not forbids else 1} forbids a choice, whatever "
        "its logit is"))


def masked(program: Program, logits: str, mask: ActionMask) -> Program:
    """The Program with logits of which a part of its observation says what may be taken.

    Args:
        program: with the observation that the mask is a part of.
        logits: the value that becomes the output of the choices.
        mask: where in the observation.
    """
    taken = {name for op in program.ops for name in op.outputs} | set(program.values)
    flat, part, result = (unused(stem, taken) for stem in ("flat", "mask", "masked"))
    x = program.values[program.input]
    ops: list[Op] = []
    if x.shape == (1, x.size):
        flat = program.input
    else:
        ops.append(Reshape(x=program.input, y=flat, shape=(1, x.size)))
    ops += [Slice(x=flat, y=part, starts=(0, mask.start), counts=(1, sum(mask.sizes)),
                  steps=(1, 1), layer="action_mask"),
            Mask(x=logits, mask=part, y=result, forbids=mask.forbids, layer="action_mask")]
    outputs = list(program.outputs)
    outputs[program.contract.choosing or 0] = result
    return program.with_ops([*program.ops, *ops], outputs=tuple(outputs),
                            contract=replace(program.contract, mask=mask))


def _names(program: Program, part: slice) -> str:
    """The field that holds the mask, in brackets; nothing where it lies in a larger one."""
    start = 0
    for field in program.contract.observation:
        if (start, start + field.size) == (part.start, part.stop):
            return f" ({field.name})"
        start += field.size
    return ""

