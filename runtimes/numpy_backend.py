# SPDX-License-Identifier: MIT
"""The interpreter as a back end: needs nothing but numpy, and is what all others must equal."""

from __future__ import annotations

from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.runtimes.policy import Policy


class Backend(Policy):
    """Runs any Program."""

    backend = "numpy"

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._interpreter = Interpreter(program)

    def _fresh(self) -> dict[str, Array]:
        return {state.input: state.initial.copy() for state in self.program.states}

    def _evaluate(self, state: Any, x: Array) -> tuple[dict[str, Array], Any]:
        self._interpreter.state = state
        return self._interpreter.step(x), self._interpreter.state
