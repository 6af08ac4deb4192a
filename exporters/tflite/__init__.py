# SPDX-License-Identifier: MIT
"""Program -> one TFLite file of builtin operators, written directly as a flatbuffer."""

from __future__ import annotations

import importlib.util

from puffer_edge.errors import MissingDependencyError, UnsupportedError
from puffer_edge.exporters.decompose import decompose
from puffer_edge.exporters.ports import METADATA, contract, ports
from puffer_edge.exporters.rounded import rounding_layers
from puffer_edge.exporters.scales import with_ranges
from puffer_edge.exporters.tflite import ops
from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.ops.unary import KINDS
from puffer_edge.exporters.tflite.quantizing import bits_of
from puffer_edge.exporters.tflite.registry import EMITTERS
from puffer_edge.ir import Program
from puffer_edge.quantization.calibration import Calibration

FILE = "policy.tflite"
SCHEMES = ("float32", "float16", "dynamic", "int8", "int8x16")
CALIBRATED = ("int8", "int8x16")

__all__ = ["CALIBRATED", "FILE", "SCHEMES", "model", "ops", "prepare", "rounded", "write"]


def model(program: Program) -> bytes:
    """The float32 file of a Program; see :func:`write`."""
    return write(prepare(program))


def prepare(program: Program) -> Program:
    """The Program of TFLite's own operators.

    Raises:
        UnsupportedError: it is in integers.
    """
    if any(value.dtype != "float32" for value in program.values.values()):
        raise UnsupportedError("the integers of puffer-edge have no TFLite form",
                               hint="export the float policy")
    return decompose(program, (), KINDS)


def write(program: Program, scheme: str = "float32",
          calibration: Calibration | None = None) -> bytes:
    """The file's content: equal Programs give equal bytes.

    Args:
        program: of :func:`prepare`.
        scheme: one of :data:`SCHEMES`; for float16 the weights must be numbers that it has.
        calibration: of ``program``, for a scheme of :data:`CALIBRATED`.

    Raises:
        UnsupportedError: an op has no TFLite form.
        MissingDependencyError: flatbuffers is not installed.
    """
    if importlib.util.find_spec("flatbuffers") is None:
        raise MissingDependencyError("writing TFLite needs flatbuffers",
                                     hint="pip install 'puffer-edge[tflite]'")
    integers = None if calibration is None else with_ranges(program, calibration)
    if integers is not None:
        program = integers.program
    graph, given = Graph(program, scheme, integers), ports(program)
    inputs, outputs = {}, {}
    for port in given.inputs:
        graph.call(port.value, port.name)
        inputs[port.name] = graph.tensor(port.value)
    for op in program.ops:
        if type(op) not in EMITTERS:
            raise UnsupportedError(f"the op {type(op).__name__} has no TFLite form", where=op.layer,
                                   hint="export with --target cortex-m")
        EMITTERS[type(op)](graph, op)
    for port in given.outputs:
        # A tensor of its own for each, as a value may be an output and a state.
        shape = graph.shape(port.value)
        y = graph.fresh(shape, name=port.name)
        graph.operator("RESHAPE", [graph.tensor(port.value), graph.constant(list(shape))], y)
        outputs[port.name] = y
    return graph.model.to_bytes(inputs, outputs, {METADATA: contract(program)})


def rounded(program: Program, scheme: str, calibration: Calibration) -> Program:
    """What the file computes, as a Program; arguments as of :func:`write`."""
    integers = with_ranges(program, calibration)
    return rounding_layers(integers, lambda op: bits_of(integers, op, scheme))
