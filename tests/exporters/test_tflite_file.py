# SPDX-License-Identifier: MIT
"""What a TFLite file holds, by the schema that Google generates its readers from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from puffer_edge.exporters import tflite
from puffer_edge.exporters.tflite import schema
from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.writer import Model, Operator, Scale, Tensor
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import Conv, Gemm, Reshape, Unary
from puffer_edge.quantization.calibration import calibrate
from tests import zoo

google = pytest.importorskip("ai_edge_litert.schema_py_generated")
pytest.importorskip("flatbuffers")

KINDS = {"CONV_2D": "Conv2D", "BATCH_MATMUL": "BatchMatMul", "PADV2": "PadV2",
         "MAXIMUM": "MaximumMinimum", "MINIMUM": "MaximumMinimum", "MEAN": "Reducer",
         "SUM": "Reducer", "REDUCE_MAX": "Reducer", "REDUCE_MIN": "Reducer"}
"""Options that are not named as their operator."""


def test_numbers_of_the_schema() -> None:
    """Those without options of their own have none there, either."""
    for name, number in schema.TYPES.items():
        assert number == getattr(google.TensorType, name.upper())
    for name, number in schema.OPERATORS.items():
        assert number == getattr(google.BuiltinOperator, name)
        camel = KINDS.get(name, "".join(map(str.capitalize, name.split("_"))))
        assert schema.OPTIONS.get(name) == getattr(google.BuiltinOptions, f"{camel}Options", None)


def written(prepared: Any, scheme: str, x: Any) -> bytes:
    """A Program as a file, calibrated where the scheme wants it."""
    if scheme == "float16":
        prepared.constants.update({name: array.astype(np.float16).astype(np.float32)
                                   for name, array in prepared.constants.items()})
    return tflite.write(prepared, scheme, calibrate(prepared, x, np.arange(len(x)) == 0)
                        if scheme in tflite.CALIBRATED else None)


def read(content: bytes) -> Any:
    return google.ModelT.InitFromObj(google.Model.GetRootAsModel(content))


def test_what_is_written_is_read() -> None:
    """Every part of a model, and where the bytes of constants lie."""
    model, random = Model(), np.random.default_rng(0)
    constants = [random.integers(0, 2, (2, 3 + n)).astype(dtype)
                 for n, dtype in enumerate(schema.TYPES)]
    for array in constants:
        model.tensor(Tensor(f"c_{array.dtype}", array.shape, str(array.dtype), array))
    scale = Scale((0.5, 0.25), (3, -4), axis=1)
    x = model.tensor(Tensor("x", (1, 2), "int8", scale=scale))
    y = model.tensor(Tensor("y", (2,), "float32"))
    model.operators += [Operator("GELU", 2, (x,), (y,), ((0, "Bool", True),)),
                        Operator("TANH", 1, (y,), (x,)),
                        Operator("SOFTMAX", 3, (y, x), (x,), ((0, "Float32", 0.75),)),
                        Operator("GELU", 2, (y,), (x,), ((0, "Bool", False),))]
    content = model.to_bytes({"obs": x}, {"out": y, "more": x}, {"contract": "{}", "b": "text"})
    assert content[4:8] == b"TFL3"
    found = read(content)
    (graph,), (signature,) = found.subgraphs, found.signatureDefs
    assert found.version == 3 and found.description and graph.name
    assert [graph.inputs.tolist(), graph.outputs.tolist()] == [[x], [y, x]]
    for tensor, array in zip(graph.tensors, constants, strict=False):
        data = found.buffers[tensor.buffer].data
        assert data.tobytes() == array.tobytes() and tensor.shape.tolist() == list(array.shape)
        assert tensor.type == schema.TYPES[str(array.dtype)]
        assert tensor.name.decode() == f"c_{array.dtype}" and tensor.quantization is None
    assert all(tensor.hasRank for tensor in graph.tensors)
    empty = found.buffers[0].data
    assert graph.tensors[x].buffer == graph.tensors[y].buffer == 0 and not empty
    qparams = graph.tensors[x].quantization
    assert (qparams.scale.tolist(), qparams.zeroPoint.tolist()) == ([0.5, 0.25], [3, -4])
    assert qparams.quantizedDimension == 1 and graph.tensors[y].quantization is None
    codes = [found.operatorCodes[operator.opcodeIndex] for operator in graph.operators]
    assert [(code.builtinCode, code.deprecatedBuiltinCode, code.version) for code in codes] == [
        (150, 127, 2), (28, 28, 1), (25, 25, 3), (150, 127, 2)]
    assert len(found.operatorCodes) == 3
    assert [operator.inputs.tolist() for operator in graph.operators] == [[x], [y], [y, x], [y]]
    assert [operator.outputs.tolist() for operator in graph.operators] == [[y], [x], [x], [x]]
    first, none, softmax, last = (operator.builtinOptions for operator in graph.operators)
    assert (first.approximate, last.approximate, softmax.beta, none) == (True, False, 0.75, None)
    ends = [[(each.name.decode(), each.tensorIndex) for each in side]
            for side in (signature.inputs, signature.outputs)]
    assert ends == [[("obs", x)], [("out", y), ("more", x)]]
    assert signature.signatureKey == b"serving_default" and signature.subgraphIndex == 0
    assert {each.name: found.buffers[each.buffer].data.tobytes() for each in found.metadata} == {
        b"contract": b"{}", b"b": b"text"}
    root = google.Model.GetRootAsModel(content)
    places = [root.Buffers(n)._tab for n in range(root.BuffersLength())]
    assert all(table.Vector(table.Offset(4)) % 16 == 0 for table in places if table.Offset(4))


def version(kinds: list[int], keeps: bool) -> int:
    """Of FULLY_CONNECTED, by tensorflow/lite/tools/versioning/op_version.cc: x, weight, y.

    But for activations of 16 bits with weights of 8: that file has no row for them. We write
    its version for 16 bits throughout; that LiteRT takes it is what judges it.
    """
    int8, int16 = google.TensorType.INT8, google.TensorType.INT16
    if kinds == [int16, int8, int16]:
        return 7
    if keeps:
        return 5
    return {(int8,) * 3: 4, (google.TensorType.FLOAT32, int8, google.TensorType.FLOAT32): 3}.get(
        tuple(kinds), 1)


def conversions(model: Any) -> set[int]:
    """The types between; versions are those of op_version.cc, no RESHAPE within does nothing."""
    (graph,) = model.subgraphs
    types = set()
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        before, after = (graph.tensors[side[0]] for side in (operator.inputs, operator.outputs))
        if code.builtinCode == google.BuiltinOperator.QUANTIZE:
            assert code.version == (2 if after.type == google.TensorType.INT16 else 1)
            types.add(after.type)
        if code.builtinCode == google.BuiltinOperator.DEQUANTIZE:
            # By op_version.cc 2 of int8 and 3 of both halves and int16, which is what we write.
            assert code.version == (2 if before.type == google.TensorType.INT8 else 3)
        if code.builtinCode == google.BuiltinOperator.RESHAPE:
            assert (operator.outputs[0] in graph.outputs  # which has a name of its own
                    or before.shape.tolist() != after.shape.tolist())
    return types


@pytest.mark.parametrize("shape", [(1, 6), (1, 3, 6), (1, 2, 2, 6)])
@pytest.mark.parametrize("scheme", tflite.SCHEMES)
def test_linear_layers(scheme: str, shape: tuple[int, ...]) -> None:
    """Of any number of rows: LiteRT gives their numbers, and each has the version of its types."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    bench, random = zoo.Bench(shape), np.random.default_rng(1)
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(5, 6), bias=bench.weight(5))
    program = bench.program(y)
    prepared = tflite.prepare(program)
    size = program.contract.observation_size
    x = random.standard_normal((64, size)).astype(np.float32)
    content = written(prepared, scheme, x)
    model = read(content)
    (graph,) = model.subgraphs
    layers = [operator for operator in graph.operators
              if model.operatorCodes[operator.opcodeIndex].builtinCode
              == google.BuiltinOperator.FULLY_CONNECTED]
    assert len(layers) == 1
    kinds = [graph.tensors[n].type for n in (*layers[0].inputs[:2], layers[0].outputs[0])]
    keeps = layers[0].builtinOptions.keepNumDims
    assert model.operatorCodes[layers[0].opcodeIndex].version == version(kinds, keeps)
    conversions(model)
    runner = Interpreter(model_content=content, num_threads=1,
                         experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    runner.allocate_tensors()
    (given,), (taken,) = runner.get_input_details(), runner.get_output_details()
    (layer,) = (op for op in program.ops if isinstance(op, Gemm))
    weight, bias = program.constants[layer.weight], program.constants[layer.bias]
    for row in x[:3]:
        runner.set_tensor(given["index"], row.reshape(given["shape"]))
        runner.invoke()
        found = runner.get_tensor(taken["index"]).reshape(-1, 5)
        expected = row.reshape(-1, 6) @ weight.T + bias
        # Steps of x and of the weights, each half of one at most, of int8 and of int8x16.
        steps = {"float32": 1e-6, "float16": 1e-3, "int8x16": 1 / 127}.get(scheme, 2 / 127)
        bound = steps * (np.abs(x).max() * np.abs(weight).sum(1) + np.abs(bias))
        assert (np.abs(found - expected) <= bound).all()


@pytest.mark.parametrize("shape", [(1, 6), (1, 3, 6)])
@pytest.mark.parametrize("scheme", ["int8", "int8x16"])
def test_layers_between_layers(scheme: str, shape: tuple[int, ...]) -> None:
    """What neither an observation nor an output is next to has 8 bits on both sides; every tensor
    has the shape that LiteRT finds; products are of two axes."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    bench, random = zoo.Bench(shape), np.random.default_rng(1)
    y = bench.x
    for rows, columns in ((7, 6), (5, 7), (4, 5)):
        y = bench.op(Gemm, x=y, weight=bench.weight(rows, columns), bias=bench.weight(rows))
        y = bench.op(Unary, x=y, function=Activation("relu"))
    prepared = tflite.prepare(bench.program(y))
    x = random.standard_normal((64, int(np.prod(shape)))).astype(np.float32)
    content = written(prepared, scheme, x)
    model = read(content)
    (graph,) = model.subgraphs
    assert (google.TensorType.INT8 in conversions(model)) == (scheme == "int8")
    runner = Interpreter(model_content=content, num_threads=1,
                         experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    runner.allocate_tensors()
    (given,) = runner.get_input_details()
    runner.set_tensor(given["index"], x[0].reshape(given["shape"]))
    runner.invoke()
    details = {each["index"]: each["shape"].tolist() for each in runner.get_tensor_details()}
    assert all(tensor.shape.tolist() == details[n] for n, tensor in enumerate(graph.tensors))
    for operator in graph.operators:
        if model.operatorCodes[operator.opcodeIndex].builtinCode == (
                google.BuiltinOperator.FULLY_CONNECTED):
            assert [len(graph.tensors[n].shape) for n in (operator.inputs[0], operator.outputs[0])
                    ] == [2, 2]


@pytest.mark.parametrize("scheme", tflite.SCHEMES)
def test_convolutions(scheme: str) -> None:
    """Whose sizes, strides and dilations differ by axis: LiteRT gives torch's numbers."""
    import torch
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    bench, random = zoo.Bench((1, 2, 7, 9)), np.random.default_rng(2)
    y = bench.op(Conv, x=bench.x, weight=bench.weight(5, 2, 3, 2), bias=bench.weight(5),
                 strides=(1, 2), dilations=(2, 3), pads=(1, 0, 2, 3))
    program = bench.program(bench.op(Reshape, x=y, shape=(1, int(np.prod(bench.builder.shape(y))))))
    (layer,) = (op for op in program.ops if isinstance(op, Conv))
    weight, bias = program.constants[layer.weight], program.constants[layer.bias]
    weight *= np.float32([1, 30, 0.1, 5, 1])[:, None, None, None]  # each filter has its scale
    prepared = tflite.prepare(program)
    x = random.standard_normal((64, 126)).astype(np.float32)
    content = written(prepared, scheme, x)
    model = read(content)
    (graph,) = model.subgraphs
    kinds = [model.operatorCodes[operator.opcodeIndex] for operator in graph.operators]
    (code,) = (code for code in kinds if code.builtinCode == google.BuiltinOperator.CONV_2D)
    # By op_version.cc: 3 with int8 throughout, 4 with int16 activations.
    assert code.version == {"int8": 3, "int8x16": 4}.get(scheme, 1)
    stored = {tensor.type for tensor in graph.tensors if tensor.shape.tolist() == [5, 3, 2, 2]
              and tensor.buffer}
    assert stored == {getattr(google.TensorType, {"float32": "FLOAT32", "float16": "FLOAT16"}.get(
        scheme, "INT8"))}
    runner = Interpreter(model_content=content, num_threads=1,
                         experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    runner.allocate_tensors()
    (given,), (taken,) = runner.get_input_details(), runner.get_output_details()
    for row in x[:3]:
        runner.set_tensor(given["index"], row.reshape(given["shape"]))
        runner.invoke()
        found = runner.get_tensor(taken["index"]).reshape(5, -1)
        padded = torch.nn.functional.pad(torch.from_numpy(row.reshape(1, 2, 7, 9)), (0, 3, 1, 2))
        expected = torch.nn.functional.conv2d(
            padded, torch.from_numpy(weight), torch.from_numpy(bias), (1, 2), 0, (2, 3))
        # As of linear layers; all filters share the scale of what is given.
        steps = {"float32": 1e-6, "float16": 1e-3, "dynamic": 1 / 127, "int8x16": 1 / 127}.get(
            scheme, 2 / 127)
        reach = np.abs(weight.reshape(5, -1)).sum(1) + np.abs(bias)
        if scheme == "int8":
            reach = np.full(5, reach.max())
        bound = steps * np.abs(x).max() * reach
        assert (np.abs(found - expected.numpy().reshape(5, -1)) <= bound[:, None]).all()


def test_biases_beyond_all_steps() -> None:
    """They saturate at what is far within 64 bits."""
    bench = zoo.Bench((1, 6))
    weight, bias = np.full((2, 6), 1e-5, np.float32), np.float32([1e9, -1e9])
    program = bench.program(bench.op(Gemm, x=bench.x, weight=bench.builder.constant(weight),
                                     bias=bench.builder.constant(bias)))
    prepared = tflite.prepare(program)
    x = np.random.default_rng(1).standard_normal((64, 6)).astype(np.float32)
    model = read(tflite.write(prepared, "int8x16", calibrate(prepared, x, np.arange(64) == 0)))
    (graph,) = model.subgraphs
    (layer,) = (operator for operator in graph.operators if len(operator.inputs) == 3)
    offset = graph.tensors[layer.inputs[2]]
    assert offset.type == google.TensorType.INT64
    assert model.buffers[offset.buffer].data.view("<i8").tolist() == [2**38, -2**38]


@pytest.mark.parametrize(("scheme", "size", "halves"), [
    ("float16", 1, False), ("float16", 2, True), ("float32", 9, False)])
def test_a_single_number_is_not_widened(scheme: str, size: int, halves: bool) -> None:
    """An operator takes more than the two bytes that it would save."""
    graph = Graph(zoo.program("mlp"), scheme)
    graph.weight(np.ones(size, np.float32))
    assert graph.model.tensors[0].dtype == ("float16" if halves else "float32")
    assert [operator.kind for operator in graph.model.operators] == ["DEQUANTIZE"] * halves
