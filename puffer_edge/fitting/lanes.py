# SPDX-License-Identifier: MIT
"""A Program in many lanes at once: one call per op and step serves all of them.

An op's ``evaluate`` sums in the same order for every row, so the bits are those of the interpreter.
What carries its batch of 1 in its attributes is found out by trying, and steps lane by lane.
"""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import PufferEdgeError, StepError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program, Status
from puffer_edge.ir.status import check_finite

TRIED = 3


class Lanes:
    """A Program with the states of several independent episodes.

    Args:
        program: any checked Program.
        count: how many.

    Attributes:
        together: whether one call serves all lanes.
    """

    def __init__(self, program: Program, count: int) -> None:
        self.program, self.count = program, count
        self.together = alike(program)
        self._alone = [] if self.together else [Interpreter(program) for _ in range(count)]
        self._state: dict[str, Array] = {}
        self.reset(np.ones(count, bool))

    def reset(self, which: Array) -> None:
        """Puts the initial state back into the lanes that are true, [count] bool."""
        for interpreter, wanted in zip(self._alone, which, strict=False):
            if wanted:
                interpreter.reset()
        for state in self.program.states if self.together else ():
            fresh = np.broadcast_to(state.initial, (self.count, *state.initial.shape[1:]))
            held = self._state.get(state.input)
            chosen = np.asarray(which).reshape(-1, *[1] * (fresh.ndim - 1))
            self._state[state.input] = fresh.copy() if held is None else np.where(
                chosen, fresh, held)

    def step(self, observations: Array) -> dict[str, Array]:
        """Raw outputs [count, width] by their outside names; states advance.

        Args:
            observations: [count, n].

        Raises:
            StepError: a number is not finite.
        """
        if not self.together:
            rows = [each.step(row) for each, row in zip(self._alone, observations, strict=True)]
            return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        known = evaluate(self.program, observations, self._state)
        self._state = {state.input: known[state.output] for state in self.program.states}
        found = {name: known[value].reshape(len(observations), -1) for name, value in zip(
            self.program.output_names, self.program.outputs, strict=True)}
        check_finite(self._state.values(), Status.BAD_STATE)
        check_finite(found.values(), Status.BAD_OUTPUT)
        return found

    def act(self, found: dict[str, Array]) -> list[Array]:
        """The action of each lane."""
        return [self.program.act({name: rows[lane] for name, rows in found.items()})
                for lane in range(len(next(iter(found.values()))))]


def evaluate(program: Program, observations: Array, state: dict[str, Array]) -> dict[str, Array]:
    """Every value of one step of all lanes, by name.

    Args:
        program: one that :func:`alike` says to be good for it.
        observations: [lanes, n].
        state: by name, [lanes, ...].
    """
    taken = program.values[program.input]
    known = {**program.constants, **state,
             program.input: np.asarray(observations, taken.numpy_dtype)}
    with np.errstate(all="ignore"):
        for op in program.ops:
            known.update(zip(op.outputs, op.evaluate(
                [known[name] if name else None for name in op.inputs]), strict=True))
    return known


def alike(program: Program) -> bool:
    """Whether rows of a batch come out as each by itself: tried with random observations."""
    value = program.values[program.input]
    if value.shape != (1, value.size) or program.contract.mask is not None:
        return False
    random = np.random.default_rng(0)
    batch = random.standard_normal((TRIED, 2, value.size)).astype(np.float32)
    state = {each.input: np.repeat(each.initial, TRIED, 0) for each in program.states
             if each.initial.shape[:1] == (1,)}
    if len(state) < len(program.states):
        return False
    alone = [Interpreter(program) for _ in range(TRIED)]
    try:
        for step in range(2):
            known = evaluate(program, batch[:, step], state)
            state = {each.input: known[each.output] for each in program.states}
            for lane, interpreter in enumerate(alone):
                found = interpreter.values(batch[lane, step])
                interpreter.advance(found)
                if not all(np.array_equal(known[name][lane], found[name][0])
                           for name in (*program.outputs, *(s.output for s in program.states))):
                    return False
    except StepError:
        return False
    except (PufferEdgeError, ValueError, IndexError, TypeError):  # an op that knows one row only
        return False
    return True
