# SPDX-License-Identifier: MIT
"""Graphs that onnxruntime's own tools quantised: within one step of the output in 99 of 100."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import puffer_edge  # noqa: E402
from puffer_edge.errors import FileFormatError, UnsupportedError  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from tests.frontends.onnx_models import load, model, node, normal  # noqa: E402
from tests.frontends.test_onnx_against_onnxruntime import session  # noqa: E402
from tests.frontends.test_onnx_rare_ops import agree  # noqa: E402


def network(convolution: bool) -> Any:
    """With a ReLU that the tool drops, as the ends of its integers do the same."""
    rng = np.random.default_rng(2)
    if convolution:
        nodes = [node("Reshape", "obs image", "x"), node("Conv", "x w b", "y", kernel_shape=[3, 3]),
                 node("Relu", "y", "r"), node("Flatten", "r", "f"),
                 node("Gemm", "f v c", "actions", transB=1)]
        weights = {"image": [1, 2, 5, 5], "w": normal(rng, 4, 2, 3, 3), "b": normal(rng, 4),
                   "v": normal(rng, 3, 36), "c": normal(rng, 3)}
    else:
        nodes = [node("Gemm", "obs w b", "y", transB=1), node("Relu", "y", "r"),
                 node("Gemm", "r v c", "z", transB=1), node("Sigmoid", "z", "s"),
                 node("Add", "s z", "actions")]
        weights = {"w": normal(rng, 16, 50), "b": normal(rng, 16), "v": normal(rng, 3, 16),
                   "c": normal(rng, 3)}
    return model(nodes, {"obs": [1, 50]}, {"actions": [1, 3]}, weights, opset=17)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("convolution", [False, True])
@pytest.mark.parametrize("form", ["QDQ", "QOperator", "dynamic"])
def test_what_onnxruntime_quantised(form: str, convolution: bool, tmp_path: Path) -> None:
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_dynamic,
        quantize_static,
    )

    rng = np.random.default_rng(3)
    seen = rng.normal(size=(60, 1, 50)).astype(np.float32)

    class Reader(CalibrationDataReader):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            self.rows = iter(seen)

        def get_next(self) -> Any:
            row = next(self.rows, None)
            return None if row is None else {"obs": row}

    source, path = tmp_path / "float.onnx", tmp_path / "policy.onnx"
    onnx.save(network(convolution), source)
    if form == "dynamic":
        quantize_dynamic(source, path)
    else:
        quantize_static(source, path, Reader(), quant_format=QuantFormat[form],
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    proto = onnx.load(path)
    program = puffer_edge.load(path, action="continuous", accept=("action-bounds",))
    assert any(note.kind == "quantised" and "read as float" in note.text for note in program.notes)
    policy, reference = Interpreter(program), session(proto)
    pairs = [(next(iter(policy.step(x).values())), reference.run(None, {"obs": x})[0][0])
             for x in seen]
    ours, theirs = (np.array(side) for side in zip(*pairs, strict=True))
    values = np.unique(theirs)
    step = np.diff(values)[np.diff(values) > 1e-5].min() if form != "dynamic" else (
        np.ptp(theirs) / 255)
    assert np.mean(np.abs(ours - theirs) <= 1.01 * step) >= 0.99


def pair(zero: Any, scale: Any, kind: type = np.int8) -> Any:
    return model([node("QuantizeLinear", "obs scale zero", "q"),
                  node("DequantizeLinear", "q scale zero", "actions")],
                 {"obs": [1, 40]}, {"actions": [1, 40]},
                 {"zero": np.array(zero, kind), "scale": np.array(scale, np.float32)})


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_rounding_and_ends_are_the_files(kind: type, tmp_path: Path) -> None:
    agree(pair(3, 0.0625, kind), tmp_path, low=-20, high=20)


@pytest.mark.parametrize("scale", [0, -1, np.nan, np.inf])
def test_a_scale_that_cannot_be(scale: float, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="a scale is not above zero"):
        load(pair(0, scale), tmp_path)


def test_scales_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="do not fit each other"):
        load(pair([0, 1], [1, 1, 1]), tmp_path)
    with pytest.raises(UnsupportedError, match="scales of the shape"):
        load(pair([0, 1], [1, 1]), tmp_path)


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize(("axis", "count"), [(-1, 2), (1, 3), (-1, 4)])
def test_top_k(largest: int, axis: int, count: int, tmp_path: Path) -> None:
    """Values and indices; equal numbers, too."""
    nodes = [node("Reshape", "obs square", "x"),
             node("TopK", "x k", "values where", axis=axis, largest=largest),
             node("Cast", "where", "places", to=1), node("Reshape", "values flat", "a"),
             node("Reshape", "places flat", "b"), node("Concat", "a b", "actions", axis=1)]
    width = 2 * (3 if axis == -1 else 4) * count
    agree(model(nodes, {"obs": [1, 12]}, {"actions": [1, width]}, {
        "square": [1, 3, 4], "flat": [1, -1], "k": [count]}), tmp_path)


def test_experts_that_a_gate_chooses(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    nodes = [node("Gemm", "obs g", "gate", transB=1), node("Softmax", "gate", "shares"),
             node("TopK", "shares two", "weights chosen"), node("Gemm", "obs e", "y", transB=1),
             node("Reshape", "y experts", "each"), node("Unsqueeze", "chosen last", "column"),
             node("Expand", "column wide", "index"),
             node("GatherElements", "each index", "taken", axis=1),
             node("Unsqueeze", "weights last", "factors"), node("Mul", "taken factors", "parts"),
             node("ReduceSum", "parts middle", "actions", keepdims=0)]
    proto = model(nodes, {"obs": [1, 6]}, {"actions": [1, 3]}, {
        "g": normal(rng, 4, 6), "e": normal(rng, 12, 6), "two": [2], "experts": [1, 4, 3],
        "last": [2], "wide": [1, 2, 3], "middle": [1]})
    agree(proto, tmp_path, tolerance=2e-6)


def test_top_k_of_too_many_and_in_integers(tmp_path: Path) -> None:
    """Both are refused by name; with a scheme of floats, as the hint says, it is exported."""
    nodes = [node("TopK", "obs two", "values where"), node("Neg", "values", "actions")]
    proto = model(nodes, {"obs": [1, 65]}, {"actions": [1, 2]}, {"two": [2]})
    with pytest.raises(UnsupportedError, match="TopK: 65 elements") as why:
        load(proto, tmp_path)
    assert "up to 64" in why.value.hint
    nodes = [node("Gemm", "obs w", "y"), node("TopK", "y two", "actions where")]
    proto = model(nodes, {"obs": [1, 8]}, {"actions": [1, 2]},
                  {"two": [2], "w": normal(np.random.default_rng(0), 8, 5)})
    program = load(proto, tmp_path, action="continuous")
    with pytest.raises(UnsupportedError, match="integers") as why:
        puffer_edge.export(program, tmp_path / "out", scheme="int8", calibrate="bounds:-1:1")
    assert "TopK" in str(why.value) and "float32" in why.value.hint
    puffer_edge.export(program, tmp_path / "out", scheme="float32")


def test_experts_on_the_device(tmp_path: Path) -> None:
    nodes = [node("TopK", "obs two", "values where"), node("Neg", "values", "actions")]
    proto = model(nodes, {"obs": [1, 5]}, {"actions": [1, 2]}, {"two": [2]})
    directory = puffer_edge.export(load(proto, tmp_path, action="continuous"), tmp_path / "out")
    assert puffer_edge.verify(directory, target="host").passed
