# SPDX-License-Identifier: MIT
"""What the reference nets are for other runtimes: onnxruntime, LiteRT, torch."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from puffer_edge.arrays import Array
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Conv, Gemm, LSTMCell, Reshape

FUNCTIONS = {"tanh": "Tanh", "relu": "Relu", "gelu": "Gelu", "sigmoid": "Sigmoid"}
Step = Callable[[], Any]
"""Gives the raw outputs; the state is carried."""


def versions() -> str:
    """Of the packages."""
    return ", ".join(f"{name} {version(name)}" for name in (
        "onnxruntime", "ai-edge-litert", "torch", "numpy"))


def graph(program: Program, lanes: int = 1) -> onnx.ModelProto:
    """The Program with ONNX's own ops, LSTM included: what torch's exporter gives, too."""
    nodes, constants = [], {}

    def constant(name: str, array: Any) -> str:
        constants[name] = np.asarray(array)
        return name

    def add(kind: str, inputs: list[str], y: str, activation: Any, **attributes: Any) -> None:
        before = f"{y}_sum" if activation else y
        nodes.append(helper.make_node(kind, inputs, [before], **attributes))
        if activation:
            nodes.append(helper.make_node(FUNCTIONS[activation.function], [before], [y]))

    def inputs(op: Gemm | Conv) -> list[str]:
        return [op.x] + [constant(name, program.constants[name])
                         for name in (op.weight, op.bias) if name]

    for op in program.ops:
        if isinstance(op, Gemm):
            add("Gemm", inputs(op), op.y, op.activation, transB=1)
        elif isinstance(op, Conv):
            add("Conv", inputs(op), op.y, op.activation, strides=op.strides, pads=op.pads,
                dilations=op.dilations, group=op.group)
        elif isinstance(op, Reshape):
            shape = constant(f"{op.y}_shape", [lanes, *op.shape[1:]])
            nodes.append(helper.make_node("Reshape", [op.x, shape], [op.y]))
        elif isinstance(op, LSTMCell):
            assert op.bias is not None
            size = program.constants[op.recurrent].shape[1]
            w, r, b = (program.constants[name].reshape(4, size, -1)[[0, 3, 1, 2]].reshape(
                1, 4 * size, -1) for name in (op.weight, op.recurrent, op.bias))
            bias = np.concatenate([b[..., 0], np.zeros_like(b[..., 0])], axis=1)
            three = constant("three", [1, lanes, -1])
            for name in (op.x, op.h, op.c):
                nodes.append(helper.make_node("Reshape", [name, three], [f"{name}_3"]))
            nodes.append(helper.make_node(
                "LSTM", [f"{op.x}_3", constant("w", w), constant("r", r), constant("b", bias), "",
                         f"{op.h}_3", f"{op.c}_3"], ["", "new_h", "new_c"], hidden_size=size))
            two = constant("two", [lanes, -1])
            nodes.append(helper.make_node("Reshape", ["new_h", two], [op.y_h]))
            nodes.append(helper.make_node("Reshape", ["new_c", two], [op.y_c]))
        else:
            raise SystemExit(f"no ONNX for {type(op).__name__}")

    def described(name: str) -> Any:
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT,
                                             (lanes, *program.values[name].shape[1:]))

    ins = [program.input, *(state.input for state in program.states)]
    outs = [*program.outputs, *(state.output for state in program.states)]
    model = helper.make_model(
        helper.make_graph(nodes, "net", [described(name) for name in ins],
                          [described(name) for name in outs],
                          [numpy_helper.from_array(array, name)
                           for name, array in constants.items()]),
        opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


def with_onnxruntime(program: Program, x: Array) -> Step:
    """One thread; x is [lanes, ...]."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph(program, len(x)).SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    feeds = {program.input: x, **{state.input: np.repeat(state.initial, len(x), axis=0)
                                  for state in program.states}}
    names, first = [state.input for state in program.states], len(program.outputs)

    def step() -> Any:
        found = session.run(None, feeds)
        feeds.update(zip(names, found[first:], strict=True))
        return found[:first]

    return step


def with_litert(program: Program, x: Array) -> Step:
    """One observation, one thread, of the file that we export."""
    from ai_edge_litert.interpreter import Interpreter

    from puffer_edge.exporters.tflite import model

    interpreter = Interpreter(model_content=model(program), num_threads=1)
    interpreter.allocate_tensors()
    inputs = {each["name"]: each["index"] for each in interpreter.get_input_details()}
    outputs = {each["name"]: each["index"] for each in interpreter.get_output_details()}
    observed, *states = inputs.values()
    first = len(program.outputs)
    for index, state in zip(states, program.states, strict=True):
        interpreter.set_tensor(index, state.initial)

    def step() -> Any:
        interpreter.set_tensor(observed, x)
        interpreter.invoke()
        found = [interpreter.get_tensor(index) for index in outputs.values()]
        for index, array in zip(states, found[first:], strict=True):
            interpreter.set_tensor(index, array)
        return found[:first]

    return step


def with_torch(program: Program, x: Array) -> Step:
    """Eager, without gradients."""
    import torch

    torch.set_num_threads(1)
    constants = {name: torch.from_numpy(np.array(array))
                 for name, array in program.constants.items()}
    functions = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid,
                 "gelu": torch.nn.functional.gelu}
    values = {program.input: torch.from_numpy(x)} | {
        state.input: torch.from_numpy(np.repeat(state.initial, len(x), axis=0))
        for state in program.states}

    @torch.inference_mode()
    def step() -> Any:
        for op in program.ops:
            if isinstance(op, Gemm):
                y = torch.nn.functional.linear(values[op.x], constants[op.weight],
                                               constants[op.bias])
            elif isinstance(op, Conv):
                y = torch.nn.functional.conv2d(values[op.x], constants[op.weight],
                                               constants[op.bias], op.strides)
            elif isinstance(op, Reshape):
                y = values[op.x].reshape(-1, *op.shape[1:])
            else:
                values[op.y_h], values[op.y_c] = torch.lstm_cell(
                    values[op.x], (values[op.h], values[op.c]), constants[op.weight],
                    constants[op.recurrent], constants[op.bias],
                    torch.zeros_like(constants[op.bias]))
                continue
            if getattr(op, "activation", None) is not None:
                y = functions[op.activation.function](y)
            values[op.y] = y
        for state in program.states:
            values[state.input] = values[state.output]
        return [values[name].numpy() for name in program.outputs]

    return step
