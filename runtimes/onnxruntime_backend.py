# SPDX-License-Identifier: MIT
"""onnxruntime over the file that the ONNX exporter writes."""

from __future__ import annotations

import importlib.util
from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.errors import MissingDependencyError, UnsupportedError
from puffer_edge.exporters.ports import ports
from puffer_edge.ir import Program
from puffer_edge.runtimes.policy import Policy


class Backend(Policy):
    """Runs float Programs, or a file made of one.

    Args:
        program: the policy.
        content: its ONNX file; written anew by default.
    """

    backend = "onnxruntime"

    def __init__(self, program: Program, content: bytes | None = None) -> None:
        super().__init__(program)
        if importlib.util.find_spec("onnxruntime") is None:
            raise MissingDependencyError("the onnxruntime back end needs onnxruntime",
                                         hint="pip install 'puffer-edge[onnx,onnxruntime]'")
        if any(value.dtype != "float32" for value in program.values.values()):
            raise UnsupportedError("the onnxruntime back end runs float32 policies only",
                                   hint="use the back end numpy or native")
        import onnxruntime

        from puffer_edge.exporters.onnx import model

        self._content = model(program) if content is None else content
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # Without it, products of 8 bits saturate on x86-64 processors that lack VNNI.
        options.add_session_config_entry("session.x64quantprecision", "1")
        try:
            self._session = onnxruntime.InferenceSession(self._content, options,
                                                         providers=["CPUExecutionProvider"])
        except Exception as error:  # of onnxruntime's own, which have no common class
            raise UnsupportedError(f"onnxruntime does not take the model: {error}") from error
        self._ports = ports(program)

    @property
    def model_size(self) -> int:
        """Bytes of the file."""
        return len(self._content)

    def _fresh(self) -> Any:
        return [state.initial.copy() for state in self.program.states]

    def _evaluate(self, state: Any, x: Array) -> tuple[dict[str, Array], Any]:
        shape = self.program.values[self.program.input].shape
        values = [x.reshape(shape), *state]
        names = [port.name for port in self._ports.inputs]
        found = self._session.run([port.name for port in self._ports.outputs],
                                  dict(zip(names, values, strict=True)))
        outputs = len(self.program.outputs)
        return ({name: array.reshape(-1) for name, array
                 in zip(self.program.output_names, found[:outputs], strict=True)},
                found[outputs:])
