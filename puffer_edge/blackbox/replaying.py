# SPDX-License-Identifier: MIT
"""A log computed again by the interpreter: the same bits, or the first number that differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.blackbox.layout import FAILED, UNTAKEN
from puffer_edge.blackbox.reading import STATUSES, Log, Record
from puffer_edge.errors import StepError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program, Status
from puffer_edge.ir.ops import Reshape


@dataclass(frozen=True)
class Difference:
    """The first number of a log that is not the oracle's.

    Attributes:
        sequence: of the step.
        what: status, state, output or action, with its name.
        layer: which computes it; empty for a status.
        element: of what differs.
        logged, computed: the numbers.
        hint: what may have been.
    """

    sequence: int
    what: str
    layer: str
    element: int
    logged: Any
    computed: Any
    hint: str = ""

    def __str__(self) -> str:
        place = f", element {self.element}, of {self.layer}" if self.layer else ""
        return (f"step {self.sequence}: {self.what}{place}: the device had "
                f"{_shown(self.logged)}, the oracle has {_shown(self.computed)}")


@dataclass(frozen=True)
class Replayed:
    """What came of it.

    Attributes:
        equal: steps that are the same in every bit.
        untaken: steps that a shield did not let the policy take.
        skipped: steps of which the state is not known, as no state or reset is before them.
        difference: the first, if there is one; nothing behind it was computed.
    """

    equal: int
    untaken: int
    skipped: int
    difference: Difference | None = None


@dataclass(frozen=True)
class Moment:
    """A step that was computed again.

    Attributes:
        record: what the device says.
        state: before the step.
        follows: the step before it was computed, too, and gave that state.
        status, outputs, action: what the oracle says; the last two are empty where it refuses.
    """

    record: Record
    state: dict[str, Array]
    follows: bool
    status: Status
    outputs: dict[str, Array]
    action: dict[str, Array]


class Replay:
    """Goes through a log.

    Args:
        program: of the policy.
        integers: the same with an observation in integers, if it has one.
        log: of the same policy.
    """

    def __init__(self, program: Program, integers: Program | None, log: Log) -> None:
        self.log, self.program = log, program
        self.floats = Interpreter(program)
        self.integers = None if integers is None else Interpreter(integers)
        self.difference: Difference | None = None
        self.equal = self.untaken = self.skipped = 0

    def run(self) -> Replayed:
        """All of it, as far as it is equal."""
        for _ in self.moments():
            pass
        return Replayed(self.equal, self.untaken, self.skipped, self.difference)

    def moments(self) -> Iterator[Moment]:
        """Every step that can be computed, up to the first that differs."""
        state: dict[str, Array] | None = self._fresh() if not self.program.states else None
        last, follows = 0, False
        for record in self.log:
            follows = record.sequence == last + 1 and state is not None
            if record.sequence != last + 1 and self.program.states:
                state = None
            last = record.sequence
            kept = self.log.states.get(record.sequence)
            if record.fresh:
                state = self._fresh()
            if kept is not None:
                given = dict(zip(self._fresh(), self._shaped(kept), strict=True))
                if state is not None:
                    self.difference = self._states(record, given, state)
                    if self.difference:
                        return
                state = given
            if state is None:
                self.skipped += 1
                continue
            if record.status == UNTAKEN:
                self.untaken += 1
                continue
            moment, state, self.difference = self._step(record, state, follows)
            self.equal += self.difference is None
            yield moment
            if self.difference is not None:
                return

    def _fresh(self) -> dict[str, Array]:
        return {state.input: state.initial.copy() for state in self.program.states}

    def _shaped(self, kept: tuple[Array, ...]) -> list[Array]:
        return [array.reshape(state.initial.shape)
                for array, state in zip(kept, self.program.states, strict=True)]

    def _step(self, record: Record, before: dict[str, Array], follows: bool,
              ) -> tuple[Moment, dict[str, Array], Difference | None]:
        runner = self.integers if record.integers else self.floats
        assert runner is not None  # the reader refuses such records
        runner.state = before
        status, outputs, action = _computed(runner, record)
        after = runner.state
        found = _judged(record, runner.program, status, outputs, action)
        if found is not None and not record.fresh and self.program.states:
            runner.state = self._fresh()
            if _judged(record, runner.program, *_computed(runner, record)) is None:
                found = replace(found, hint="it is what a policy gives that was reset before this "
                                            "step: call ..._blackbox_reset, so that the box knows")
        return Moment(record, before, follows, status, outputs, action), after, found

    def _states(self, record: Record, given: dict[str, Array], known: dict[str, Array],
                ) -> Difference | None:
        for index, state in enumerate(self.program.states):
            if found := _first(given[state.input], known[state.input]):
                hint = ("the policy was reset before this step, and the box was not told: call "
                        "..._blackbox_reset" if all(
                            _first(given[each.input], each.initial) is None
                            for each in self.program.states) else
                        "the state was changed between two steps")
                return Difference(record.sequence, f"state {index} before it",
                                  layer_of(self.program, state.output), *found, hint=hint)
        return None


def _computed(runner: Interpreter, record: Record,
              ) -> tuple[Status, dict[str, Array], dict[str, Array]]:
    """What the oracle says of a step."""
    try:
        outputs = runner.step(record.observation)
    except StepError as error:
        return Status(error.status), {}, {}
    with np.errstate(all="ignore"):
        acted = runner.program.act(outputs)
    return Status.OK, outputs, {name: acted[name] if acted.dtype.names else acted
                                for name in record.action}


def _judged(record: Record, program: Program, status: Status, outputs: dict[str, Array],
            action: dict[str, Array]) -> Difference | None:
    if (status == Status.OK if record.status == FAILED else status != record.status):
        return Difference(record.sequence, "the status", "", 0, STATUSES[record.status],
                          status.name)
    if status != Status.OK:
        return None
    for name, value in zip(program.output_names, program.outputs, strict=True):
        if found := _first(record.outputs[name], outputs[name]):
            return Difference(record.sequence, f"the output {name}", layer_of(program, value),
                              *found)
    for index, (name, given) in enumerate(record.action.items()):
        if found := _first(given, action[name]):
            what = "the action" if len(record.action) == 1 else f"the action {name}"
            layer = f"what is made of {program.output_names[index]}"
            return Difference(record.sequence, what, layer, *found)
    return None


def layer_of(program: Program, value: str) -> str:
    """The op that computes a value, in words: its place among all, its kind and its layer."""
    producers = program.producers()
    while isinstance(op := producers.get(value), Reshape):
        value = op.x
    if op is None:
        return "the observation"
    place = program.ops.index(op)
    return f"op {place} ({type(op).__name__}{f' of layer {op.layer}' if op.layer else ''})"


def _first(given: Array, computed: Array) -> tuple[int, Any, Any] | None:
    """The first element whose bits differ, and both numbers."""
    one, other = np.ascontiguousarray(given).reshape(-1), np.ascontiguousarray(computed).reshape(-1)
    if one.tobytes() == other.astype(one.dtype, copy=False).tobytes():
        return None
    kind = f"u{one.dtype.itemsize}"
    index = int(np.flatnonzero(one.view(kind) != other.astype(one.dtype).view(kind))[0])
    return index, one[index], other[index]


def _shown(number: Any) -> str:
    if isinstance(number, np.floating):
        bits = np.asarray(number).view(f"u{number.dtype.itemsize}")
        return f"{number} ({int(bits):#010x})"
    return str(number)
