"""Program -> one ONNX file of the standard's own ops."""

from __future__ import annotations

from puffer_edge.errors import MissingDependencyError, UnsupportedError
from puffer_edge.exporters.decompose import decompose
from puffer_edge.exporters.ports import METADATA, contract, ports
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Conv, Expand, LayerNormalization

OPSET, IR_VERSION = 20, 9
"""Gelu is of 20; onnxruntime reads both from 1.17 on."""
FILE = "policy.onnx"


def model(program: Program, *, half: bool = False) -> bytes:
    """The file's content: equal Programs give equal bytes.

    Args:
        program: in float32.
        half: weights are kept as float16; they must be numbers that float16 has.

    Raises:
        UnsupportedError: an op has no ONNX form, or the Program is in integers.
        MissingDependencyError: onnx is not installed.
    """
    try:
        from onnx import TensorProto, checker, helper
    except ImportError as error:
        raise MissingDependencyError("writing ONNX needs onnx",
                                     hint="pip install 'puffer-edge[onnx]'") from error
    from puffer_edge.exporters.onnx import ops  # noqa: F401
    from puffer_edge.exporters.onnx.graph import Graph
    from puffer_edge.exporters.onnx.registry import EMITTERS
    from puffer_edge.exporters.onnx.ops.unary import KINDS

    if any(value.dtype != "float32" for value in program.values.values()):
        raise UnsupportedError("the integers of puffer-edge have no ONNX form",
                               hint="export the float policy; onnx has an int8 scheme of its own")
    program = decompose(program, (Conv, Expand, LayerNormalization), KINDS)
    graph, given = Graph(program, half), ports(program)
    for port in given.inputs:
        graph.call(port.value, port.name)
    for op in program.ops:
        if type(op) not in EMITTERS:
            raise UnsupportedError(f"the op {type(op).__name__} has no ONNX form", where=op.layer,
                                   hint="export with --target cortex-m, or name the op in a report")
        EMITTERS[type(op)](graph, op)
    for port in given.outputs:
        graph.node("Identity", [graph.name(port.value)], [port.name])

    infos = [[helper.make_tensor_value_info(port.name, TensorProto.FLOAT,
                                            program.values[port.value].shape) for port in side]
             for side in (given.inputs, given.outputs)]
    proto = helper.make_model(
        helper.make_graph(graph.nodes, "policy", *infos, graph.initializers),
        opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION,
        producer_name="puffer-edge")
    helper.set_model_props(proto, {METADATA: contract(program)})
    checker.check_model(proto, full_check=True)
    content: bytes = proto.SerializeToString(deterministic=True)
    return content
