# SPDX-License-Identifier: MIT
"""Policies in several files, as those who train an estimator beside an actor save them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def network(path: Path, inputs: Mapping[str, int], outputs: Mapping[str, int], seed: int,
            hidden: int = 16) -> Path:
    """A network of one hidden layer with several inputs and outputs."""
    import onnx

    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    random, size, wide = np.random.default_rng(seed), sum(inputs.values()), sum(outputs.values())

    def weight(name: str, *shape: int) -> Any:
        array = random.normal(0, shape[0] ** -0.5, shape).astype(np.float32)
        return onnx.numpy_helper.from_array(array, name)

    nodes = [helper.make_node("Concat", list(inputs), ["x"], axis=1),
             helper.make_node("Gemm", ["x", "w0", "b0"], ["h"]),
             helper.make_node("Elu", ["h"], ["e"]),
             helper.make_node("Gemm", ["e", "w1", "b1"],
                              ["y" if len(outputs) > 1 else next(iter(outputs))])]
    split = [onnx.numpy_helper.from_array(np.array(list(outputs.values()), np.int64), "split")]
    if len(outputs) > 1:
        nodes.append(helper.make_node("Split", ["y", "split"], list(outputs), axis=1))
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info(name, number, [1, n]) for name, n in inputs.items()],
        [helper.make_tensor_value_info(name, number, [1, n]) for name, n in outputs.items()],
        [weight("w0", size, hidden), weight("b0", hidden), weight("w1", hidden, wide),
         weight("b1", wide), *(split if len(outputs) > 1 else [])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


def recurrent(path: Path) -> Path:
    """An Elman network of 5 inputs: its 8 numbers of state, and an estimate of 3."""
    import onnx

    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    random = np.random.default_rng(3)
    arrays = {"w0": (13, 8), "b0": (8,), "w1": (8, 3), "b1": (3,)}
    graph = helper.make_graph(
        [helper.make_node("Concat", ["x", "h_in"], ["both"], axis=1),
         helper.make_node("Gemm", ["both", "w0", "b0"], ["sum"]),
         helper.make_node("Tanh", ["sum"], ["h_out"]),
         helper.make_node("Gemm", ["h_out", "w1", "b1"], ["latent"])], "g",
        [helper.make_tensor_value_info(name, number, [1, n])
         for name, n in (("x", 5), ("h_in", 8))],
        [helper.make_tensor_value_info(name, number, [1, n])
         for name, n in (("latent", 3), ("h_out", 8))],
        [onnx.numpy_helper.from_array(random.normal(0, 0.5, shape).astype(np.float32), name)
         for name, shape in arrays.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


def run(path: Path, given: Sequence[Any]) -> list[np.ndarray]:
    """All outputs by onnxruntime, flat."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    fed = {port.name: np.asarray(each, np.float32).reshape(1, -1)
           for port, each in zip(session.get_inputs(), given, strict=True)}
    return [each.reshape(-1) for each in session.run(None, fed)]
