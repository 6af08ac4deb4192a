# SPDX-License-Identifier: MIT
"""The MicroPython artefact under this Python: the same runtime file that goes on the board.

Slow, and good for finding out what a board will do: the bits are the same.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Program
from puffer_edge.runtimes.policy import Policy

RUNTIME = "policy_runtime"
_importing = Lock()


class Backend(Policy):
    """Runs integer policies."""

    backend = "micropython"

    def __init__(self, program: Program) -> None:
        from puffer_edge.exporters import micropython
        from puffer_edge.exporters.micropython.boards import ANY
        from puffer_edge.quantization.integer_input import integer_input

        super().__init__(program)
        given = integer_input(program)
        if given is None:
            raise UnsupportedError("MicroPython takes integer policies only, as floats go to the "
                                   "heap", hint="give --scheme int8, int8x16 or int16")
        written = micropython.source.render(program, given, "policy", ANY, "bytecode")
        self._weights = written.weights
        self._module = _import(written.policy, written.runtime[f"{RUNTIME}.py"])

    @property
    def model_size(self) -> int:
        """Bytes of the weights' file."""
        return len(self._weights)

    def _fresh(self) -> Any:
        return self._module.Policy(self._weights)

    def _evaluate(self, state: Any, x: Array) -> tuple[dict[str, Array], Any]:
        state.step_float(x.tolist())
        return {name: np.array(array) for name, array in state.outputs.items()}, state

    def _remembered(self, state: Any) -> Iterable[Array]:
        return ()  # integers


def _import(policy: str, runtime: str) -> Any:
    """policy.py as a module; it imports its runtime by name, which nobody else gets to see."""
    with tempfile.TemporaryDirectory(prefix="puffer-edge-") as work, _importing:
        before = sys.modules.pop(RUNTIME, None)
        try:
            sys.modules[RUNTIME] = _module(Path(work) / f"{RUNTIME}.py", runtime)
            return _module(Path(work) / "policy.py", policy)
        finally:
            del sys.modules[RUNTIME]
            if before is not None:
                sys.modules[RUNTIME] = before


def _module(path: Path, text: str) -> Any:
    path.write_text(text, "utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
