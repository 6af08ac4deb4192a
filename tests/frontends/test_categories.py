# SPDX-License-Identifier: MIT
"""Embeddings and one-hot vectors of integer observations, from torch and from ONNX.

A one-hot vector times a matrix has one term that is not 0, so the rows come out bit for bit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import puffer_edge  # noqa: E402
from puffer_edge.errors import UnsupportedError  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402


class Embedded(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(7, 3)

    def forward(self, x: Any) -> Any:
        return self.table(x).flatten(1)


class Hot(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    def forward(self, x: Any) -> Any:
        return torch.nn.functional.one_hot(x, 5).float().flatten(1)


@pytest.mark.parametrize("module", [Embedded(), Hot()], ids=lambda module: type(module).__name__)
def test_torch(module: Any) -> None:
    program = puffer_edge.load(module, example=(torch.zeros(1, 4, dtype=torch.int64),),
                               action="discrete")
    runner = Interpreter(program)
    for _ in range(20):
        x = torch.randint(0, 5, (1, 4))
        with torch.no_grad():
            theirs = module(x).numpy().ravel()
        assert np.array_equal(runner.step(x.numpy().astype(np.float32))["logits"], theirs)


def graph(kind: str, table: Any) -> Any:
    onnx = pytest.importorskip("onnx")
    helper, from_array = onnx.helper, onnx.numpy_helper.from_array
    if kind == "Gather":
        nodes = [helper.make_node("Gather", ["table", "obs"], ["rows"], axis=0)]
        constants = [from_array(table, "table")]
    else:
        nodes = [helper.make_node("OneHot", ["obs", "depth", "values"], ["rows"], axis=-1)]
        constants = [from_array(np.int64([5]), "depth"),
                     from_array(np.float32([0, 1]), "values")]
    nodes.append(helper.make_node("Flatten", ["rows"], ["logits"], axis=1))
    width = table.shape[1] if kind == "Gather" else 5
    return helper.make_model(helper.make_graph(
        nodes, "policy", [helper.make_tensor_value_info("obs", onnx.TensorProto.INT64, [1, 4])],
        [helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [1, 4 * width])],
        constants), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("kind", ["Gather", "OneHot"])
def test_onnx(kind: str, tmp_path: Path) -> None:
    table = np.random.default_rng(1).standard_normal((7, 3)).astype(np.float32)
    path = tmp_path / "policy.onnx"
    path.write_bytes(graph(kind, table).SerializeToString())
    runner = Interpreter(puffer_edge.load(path))
    for x in np.random.default_rng(2).integers(0, 5, (20, 4)):
        wanted = table[x] if kind == "Gather" else np.eye(5, dtype=np.float32)[x]
        assert np.array_equal(runner.step(x.astype(np.float32))["logits"], wanted.ravel())


def test_a_number_that_is_no_category_gives_zeros(tmp_path: Path) -> None:
    path = tmp_path / "policy.onnx"
    path.write_bytes(graph("OneHot", np.zeros((1, 1), np.float32)).SerializeToString())
    found = Interpreter(puffer_edge.load(path)).step(np.float32([-1, 5, 1e30, 2]))["logits"]
    assert found.tolist() == [0] * 15 + [0, 0, 1, 0, 0]


def test_exported_and_verified(tmp_path: Path) -> None:
    program = puffer_edge.load(Embedded(), example=(torch.zeros(1, 4, dtype=torch.int64),),
                               action="discrete")
    assert puffer_edge.verify(puffer_edge.export(program, tmp_path / "out")).passed


def test_too_many_categories(tmp_path: Path) -> None:
    path = tmp_path / "policy.onnx"
    path.write_bytes(graph("Gather", np.zeros((5000, 1), np.float32)).SerializeToString())
    with pytest.raises(UnsupportedError, match="5000 categories"):
        puffer_edge.load(path)
