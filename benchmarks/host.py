"""The native back end against onnxruntime on this computer, one step at a time, one thread each.

Run by ``python benchmarks/host.py [P1 P3 P5]``; prints microseconds and their ratio.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import onnx
import onnxruntime
from nets import NETS
from onnx import helper, numpy_helper

from puffer_edge import runtimes
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Gemm, LSTMCell
from puffer_edge.passes import optimize

FUNCTIONS = {"tanh": "Tanh", "relu": "Relu", "gelu": "Gelu", "sigmoid": "Sigmoid"}
ROUNDS = 7


def graph(program: Program) -> onnx.ModelProto:
    """The Program with ONNX's own ops, LSTM included: what torch's exporter gives, too."""
    nodes, constants = [], {}

    def constant(name: str, array: Any) -> str:
        constants[name] = np.asarray(array)
        return name

    axes = constant("three", [1, 1, -1]), constant("two", [1, -1])
    for op in program.ops:
        if isinstance(op, Gemm):
            before = f"{op.y}_sum" if op.activation else op.y
            inputs = [op.x] + [constant(name, program.constants[name])
                               for name in (op.weight, op.bias) if name]
            nodes.append(helper.make_node("Gemm", inputs, [before], transB=1))
            if op.activation:
                nodes.append(helper.make_node(FUNCTIONS[op.activation.function], [before], [op.y]))
        elif isinstance(op, LSTMCell):
            assert op.bias is not None
            size = program.constants[op.recurrent].shape[1]
            w, r, b = (program.constants[name].reshape(4, size, -1)[[0, 3, 1, 2]].reshape(
                1, 4 * size, -1) for name in (op.weight, op.recurrent, op.bias))
            bias = np.concatenate([b[..., 0], np.zeros_like(b[..., 0])], axis=1)
            for name in (op.x, op.h, op.c):
                nodes.append(helper.make_node("Reshape", [name, axes[0]], [f"{name}_3"]))
            nodes.append(helper.make_node(
                "LSTM", [f"{op.x}_3", constant("w", w), constant("r", r), constant("b", bias), "",
                         f"{op.h}_3", f"{op.c}_3"], ["", "new_h", "new_c"], hidden_size=size))
            nodes.append(helper.make_node("Reshape", ["new_h", axes[1]], [op.y_h]))
            nodes.append(helper.make_node("Reshape", ["new_c", axes[1]], [op.y_c]))
        else:
            raise SystemExit(f"no ONNX for {type(op).__name__}")

    def described(name: str) -> Any:
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT,
                                             program.values[name].shape)

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


def stepper(program: Program) -> tuple[Callable[[], Any], Any]:
    """A step of onnxruntime with the state carried, and the observation that it reads."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph(program).SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    x = np.zeros(program.values[program.input].shape, np.float32)
    feeds = {program.input: x, **{state.input: state.initial for state in program.states}}
    names, first = [state.input for state in program.states], len(program.outputs)

    def step() -> Any:
        found = session.run(None, feeds)
        feeds.update(zip(names, found[first:], strict=True))
        return found

    return step, x


def median(step: Callable[[], Any], times: int) -> float:
    """Microseconds."""
    clock, found = time.perf_counter_ns, []
    for _ in range(times):
        start = clock()
        step()
        found.append(clock() - start)
    return float(np.median(found)) / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", default=["P1", "P3", "P5"])
    print("net    native us   onnxruntime us   ratio")
    for name in parser.parse_args().nets:
        program = optimize(NETS[name]())
        theirs, x = stepper(program)
        x[...] = np.random.default_rng(0).standard_normal(x.shape)
        with runtimes.load(program, "native") as policy:
            observation = x.reshape(-1)
            out = policy.step(observation)
            for index, raw in enumerate(theirs()[: len(program.outputs)]):
                found = policy.outputs[program.output_names[index]]
                assert np.allclose(found, raw.reshape(-1), atol=1e-4), "they compute another thing"
            ours = partial(policy.step, observation, out)
            turns = [(median(ours, 5000), median(theirs, 1000)) for _ in range(ROUNDS)]
        ours_us, theirs_us = np.median(turns, axis=0)
        print(f"{name}  {ours_us:10.2f}  {theirs_us:15.2f}  {theirs_us / ours_us:6.2f}")


if __name__ == "__main__":
    main()
