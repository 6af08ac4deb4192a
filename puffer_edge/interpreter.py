# SPDX-License-Identifier: MIT
"""Runs any Program in numpy: the oracle that every other runtime is compared with.

Float results are the same bits as those of the generated C: every op sums in the C kernels' order
and uses the same functions (SPECIFICATION.md, section "Float arithmetic").
"""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UsageError
from puffer_edge.ir import Program, Status
from puffer_edge.ir.status import check_finite


class Interpreter:
    """A Program with its state.

    Args:
        program: any checked Program.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.state: dict[str, Array] = {}
        # Matrices lie by columns: so ``ordered.dot`` goes through them, without a copy per step.
        self._constants = {name: np.asfortranarray(array) if array.ndim == 2 else array
                           for name, array in program.constants.items()}
        self.reset()

    def reset(self) -> None:
        """Puts the initial state back."""
        self.state = {state.input: state.initial.copy() for state in self.program.states}

    def values(self, observation: Array) -> dict[str, Array]:
        """Every value of one step, by name; the state does not advance.

        Args:
            observation: as many finite elements as the contract says, any shape.

        Raises:
            StepError: an element of the observation is NaN or infinite, or the mask forbids every
                choice of a head.
            UsageError: the size is wrong.
        """
        program = self.program
        expected = program.values[program.input]
        observation = _taken_in(observation, expected.dtype)
        if observation.size != expected.size:
            raise UsageError(f"the observation has {observation.size} elements, "
                             f"the policy takes {expected.size}")
        if program.contract.mask is not None:
            program.contract.mask.check(observation)
        known: dict[str, Array] = {**self._constants, **self.state}
        known[program.input] = observation.reshape(expected.shape)
        # Overflow to infinity is IEEE's answer and C's, not an accident to warn about.
        with np.errstate(all="ignore"):
            for op in program.ops:
                results = op.evaluate([known[name] if name else None for name in op.inputs])
                known.update(zip(op.outputs, results, strict=True))
        return known

    def advance(self, values: dict[str, Array]) -> None:
        """Makes the new state of a step, as :meth:`values` gave it, the present one.

        Raises:
            StepError: it, or an output, is NaN or infinite; the state stays.
        """
        program = self.program
        after = {state.input: values[state.output] for state in program.states}
        check_finite(after.values(), Status.BAD_STATE)
        check_finite((values[name] for name in program.outputs), Status.BAD_OUTPUT)
        self.state = after

    def step(self, observation: Array) -> dict[str, Array]:
        """Raw outputs of one step by their outside names, flat; the state advances.

        Raises:
            StepError: the observation, the new state or an output is NaN or infinite; the state
                stays.
            UsageError: the size of the observation is wrong.
        """
        known = self.values(observation)
        self.advance(known)
        return {name: known[value].flatten() for name, value
                in zip(self.program.output_names, self.program.outputs, strict=True)}

    def act(self, observation: Array) -> Array:
        """The deterministic action of one step: int32 per head, or float32 per element."""
        outputs = self.step(observation)
        return self.program.act(outputs)


def _taken_in(observation: Array, dtype: str) -> Array:
    """A copy, as the caller may reuse the buffer, of numbers that the dtype holds."""
    if dtype == "float32":
        taken = np.array(observation, np.float32)
        check_finite([taken], Status.BAD_OBSERVATION)
        return taken
    taken = np.array(observation, dtype)
    if not np.array_equal(taken, observation):
        raise UsageError(f"the observation does not hold numbers of {dtype}")
    return taken
