# SPDX-License-Identifier: MIT
"""Small ONNX models for the tests, made without a training framework."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from puffer_edge.frontends.onnx import load_onnx
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Program

Ports = dict[str, list[int | str]]


def node(op_type: str, inputs: str, outputs: str, **attributes: Any) -> Any:
    """A node from names apart by spaces; ``-`` is an absent input."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(op_type, names, outputs.split(), **attributes)


def model(nodes: list[Any], inputs: Ports, outputs: Ports, weights: dict[str, Any] | None = None,
          opset: int = 17, dtypes: dict[str, int] | None = None) -> Any:
    """A ModelProto; inputs and outputs are float32 unless ``dtypes`` says otherwise."""
    kinds = dtypes or {}

    def info(ports: Ports) -> list[Any]:
        return [helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), shape)
                for name, shape in ports.items()]

    graph = helper.make_graph(
        nodes, "policy", info(inputs), info(outputs),
        [numpy_helper.from_array(np.asarray(array), name)
         for name, array in (weights or {}).items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def load(proto: Any, folder: Path, **options: Any) -> Program:
    """The Program of a ModelProto, through a file as a user has it."""
    path = folder / "policy.onnx"
    path.write_bytes(proto.SerializeToString())
    return load_onnx(path, LoadOptions(**options))


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Weights as layers start with: normal, of variance 1 / fan-in (the last axes)."""
    fan_in = max(int(np.prod(shape[1:])), 1)
    return (rng.normal(size=shape) / np.sqrt(fan_in)).astype(np.float32)
