# SPDX-License-Identifier: MIT
"""Program -> one ONNX file of the standard's own ops."""

from __future__ import annotations

from typing import Any

from puffer_edge.errors import MissingDependencyError, UnsupportedError
from puffer_edge.exporters.decompose import decompose
from puffer_edge.exporters.onnx import ops
from puffer_edge.exporters.onnx.graph import Graph
from puffer_edge.exporters.onnx.ops.unary import KINDS
from puffer_edge.exporters.onnx.quantizing import bits_of, quantize_value, quantize_weights
from puffer_edge.exporters.onnx.registry import EMITTERS
from puffer_edge.exporters.ports import METADATA, contract, ports
from puffer_edge.exporters.rounded import rounding_values
from puffer_edge.exporters.scales import with_ranges
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Conv, Expand, LayerNormalization
from puffer_edge.quantization.calibration import Calibration

OPSETS = range(13, 22)
"""The lowest that takes the ops is written, for old runtimes: 13 for linear layers, 17 for layer
norms, 20 for GELU, 21 for integers of 16 bits. What our form means is the same in all of them."""
FILE = "policy.onnx"
SCHEMES = ("float32", "float16", "int8")
CALIBRATED = ("int8",)

__all__ = ["CALIBRATED", "FILE", "SCHEMES", "model", "ops", "prepare", "rounded", "write"]


def model(program: Program) -> bytes:
    """The float32 file of a Program; see :func:`write`."""
    return write(prepare(program))


def prepare(program: Program) -> Program:
    """The Program of ONNX's own ops.

    Raises:
        UnsupportedError: it is in integers.
    """
    if any(value.dtype != "float32" for value in program.values.values()):
        raise UnsupportedError("the integers of puffer-edge have no ONNX form",
                               hint="export the float policy; onnx has an int8 scheme of its own")
    return decompose(program, (Conv, Expand, LayerNormalization), KINDS)


def write(program: Program, scheme: str = "float32",
          calibration: Calibration | None = None) -> bytes:
    """The file's content: equal Programs give equal bytes.

    Args:
        program: of :func:`prepare`.
        scheme: one of :data:`SCHEMES`; for float16 the weights must be numbers that it has.
        calibration: of ``program``, for a scheme of :data:`CALIBRATED`.

    Raises:
        UnsupportedError: an op has no ONNX form.
        MissingDependencyError: onnx is not installed.
    """
    try:
        from onnx import TensorProto, helper
    except ImportError as error:
        raise MissingDependencyError("writing ONNX needs onnx",
                                     hint="pip install 'puffer-edge[onnx]'") from error
    integers = None if calibration is None else with_ranges(program, calibration)
    if integers is not None:
        program = integers.program
    graph, given = Graph(program, scheme == "float16"), ports(program)
    for port in given.inputs:
        graph.call(port.value, port.name)
        if integers is not None and port.value != program.input:
            quantize_value(graph, integers, port.value)
    if integers is not None:
        quantize_weights(graph, integers)
    for op in program.ops:
        if type(op) not in EMITTERS:
            raise UnsupportedError(f"the op {type(op).__name__} has no ONNX form", where=op.layer,
                                   hint="export with --target cortex-m")
        EMITTERS[type(op)](graph, op)
        if integers is not None:
            for value in op.outputs:
                quantize_value(graph, integers, value)
    for port in given.outputs:
        graph.node("Identity", [graph.name(port.value)], [port.name])

    infos = [[helper.make_tensor_value_info(port.name, TensorProto.FLOAT,
                                            program.values[port.value].shape) for port in side]
             for side in (given.inputs, given.outputs)]
    proto = _lowest(helper.make_graph(graph.nodes, "policy", *infos, graph.initializers))
    helper.set_model_props(proto, {METADATA: contract(program)})
    content: bytes = proto.SerializeToString(deterministic=True)
    return content


def rounded(program: Program, scheme: str, calibration: Calibration) -> Program:
    """What the file computes, as a Program; arguments as of :func:`write`."""
    integers = with_ranges(program, calibration)
    return rounding_values(integers, lambda value: 0 if value == integers.program.input else
                           bits_of(integers, value))


def _lowest(graph: Any) -> Any:
    """A checked ModelProto of the lowest opset that has every op in the form that it has here."""
    from onnx import checker, helper, shape_inference

    for opset in OPSETS:
        imports = [helper.make_opsetid("", opset)]
        proto = helper.make_model(
            graph, opset_imports=imports, producer_name="puffer-edge",
            ir_version=helper.find_min_ir_version_for(imports))
        try:
            checker.check_model(proto, full_check=True)
            return proto
        except (checker.ValidationError, shape_inference.InferenceError):
            if opset == OPSETS[-1]:
                raise
    raise AssertionError
