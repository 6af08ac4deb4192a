# SPDX-License-Identifier: MIT
"""LiteRT, or tflite-runtime where that is missing, over the file of the TFLite exporter."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.errors import MissingDependencyError, UnsupportedError
from puffer_edge.exporters.ports import ports
from puffer_edge.ir import Program
from puffer_edge.runtimes.policy import Policy

PACKAGES = ("ai_edge_litert", "tflite_runtime")


class Backend(Policy):
    """Runs float Programs, or a file made of one.

    Args:
        program: the policy.
        content: its TFLite file; written anew by default.
    """

    backend = "tflite"

    def __init__(self, program: Program, content: bytes | None = None) -> None:
        super().__init__(program)
        installed = [name for name in PACKAGES if importlib.util.find_spec(name)]
        if not installed:
            raise MissingDependencyError(
                "the tflite back end needs ai-edge-litert or tflite-runtime",
                hint="pip install 'puffer-edge[tflite]'")
        if any(value.dtype != "float32" for value in program.values.values()):
            raise UnsupportedError("the tflite back end runs float32 policies only",
                                   hint="use the back end numpy or native")
        from puffer_edge.exporters.tflite import model

        self._content = model(program) if content is None else content
        module = importlib.import_module(f"{installed[0]}.interpreter")
        try:
            interpreter = module.Interpreter(model_content=self._content, num_threads=1)
            interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise UnsupportedError(f"{installed[0]} does not take the model: {error}") from error
        self._interpreter = interpreter
        by_name = {detail["name"]: detail["index"] for detail
                   in (*interpreter.get_input_details(), *interpreter.get_output_details())}
        given = ports(program)
        try:
            self._inputs = [by_name[port.name] for port in given.inputs]
            self._outputs_at = [by_name[port.name] for port in given.outputs]
        except KeyError as error:
            raise UnsupportedError(f"the model has no input or output {error}") from error

    @property
    def model_size(self) -> int:
        """Bytes of the file."""
        return len(self._content)

    def _fresh(self) -> Any:
        return [state.initial.copy() for state in self.program.states]

    def _evaluate(self, state: Any, x: Array) -> tuple[dict[str, Array], Any]:
        shape = self.program.values[self.program.input].shape
        for index, array in zip(self._inputs, (x.reshape(shape), *state), strict=True):
            self._interpreter.set_tensor(index, array)
        self._interpreter.invoke()
        found = [self._interpreter.get_tensor(index) for index in self._outputs_at]
        outputs = len(self.program.outputs)
        return ({name: array.reshape(-1) for name, array
                 in zip(self.program.output_names, found[:outputs], strict=True)},
                found[outputs:])
