# SPDX-License-Identifier: MIT
"""Graphs as exporters write them: shape arithmetic, old opsets, folded constants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

from puffer_edge.errors import UnsupportedError  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir.ops import Gemm, Reshape, Transpose, Unary  # noqa: E402
from tests.frontends.onnx_models import load, model, node, normal  # noqa: E402

RNG = np.random.default_rng(1)


def agree(proto: Any, folder: Path, *shape: int, tolerance: float = 1e-5) -> Any:
    """Loads a policy of one input and compares it with onnxruntime on random observations."""
    program = load(proto, folder)
    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    for _ in range(3):
        x = RNG.normal(size=shape).astype(np.float32)
        (ours,) = Interpreter(program).step(x).values()
        (theirs,) = session.run(None, {"obs": x})
        np.testing.assert_allclose(ours, theirs.reshape(-1), rtol=tolerance, atol=tolerance)
    return program


def test_shape_arithmetic_folds_away(tmp_path: Path) -> None:
    """``x.view(x.size(0), -1)`` and ``x.view(x.size(0), x.size(1) * x.size(2))`` as torch does."""
    nodes = [node("Shape", "obs", "s"), node("Gather", "s zero", "batch", axis=0),
             node("Gather", "s one", "rows", axis=0), node("Gather", "s two", "columns", axis=0),
             node("Mul", "rows columns", "n"), node("Unsqueeze", "batch axis", "a"),
             node("Unsqueeze", "n axis", "b"), node("Concat", "a b", "target", axis=0),
             node("Reshape", "obs target", "flat"), node("Gemm", "flat w", "logits", transB=1)]
    program = agree(model(nodes, {"obs": ["batch", 2, 3]}, {"logits": ["batch", 4]},
                          {"w": normal(RNG, 4, 6), "zero": np.array(0), "one": np.array(1),
                           "two": np.array(2), "axis": np.array([0])}), tmp_path, 1, 2, 3)
    assert [type(op) for op in program.ops] == [Reshape, Gemm]


def test_expand_to_a_shape_made_at_run_time(tmp_path: Path) -> None:
    nodes = [node("Shape", "obs", "s"), node("ConstantOfShape", "s", "zeros"),
             node("Equal", "s minus", "mask"), node("Where", "mask s s", "t"),
             node("Expand", "row t", "wide"), node("Add", "obs wide", "y"),
             node("Add", "y zeros", "logits")]
    program = agree(model(nodes, {"obs": ["batch", 5]}, {"logits": ["batch", 5]},
                          {"row": normal(RNG, 1, 5), "minus": np.array([-1])}), tmp_path, 1, 5)
    assert len(program.ops) == 2


def test_weights_reckoned_in_the_graph_are_constants(tmp_path: Path) -> None:
    nodes = [node("Transpose", "w", "wt", perm=[1, 0]), node("Mul", "wt gain", "ws"),
             node("MatMul", "obs ws", "y"), node("Add", "y b", "logits")]
    program = agree(model(nodes, {"obs": ["batch", 5]}, {"logits": ["batch", 3]},
                          {"w": normal(RNG, 3, 5), "gain": np.float32(2.5),
                           "b": normal(RNG, 3)}), tmp_path, 1, 5)
    assert not any(isinstance(op, Transpose) for op in program.ops)


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 17, 20])
def test_attributes_that_became_inputs(opset: int, tmp_path: Path) -> None:
    """Squeeze, Unsqueeze, Clip, Slice, Split, Pad and ReduceSum in every form they have had."""
    weights: dict[str, Any] = {}

    def op(kind: str, names: str, outputs: str, since: int, **values: Any) -> Any:
        if opset < since:
            return node(kind, names, outputs, **values)
        inputs = names
        for key, value in values.items():
            if key in ("axis", "keepdims"):
                continue
            weights[f"{outputs.split()[0]}_{key}"] = np.array(
                value, np.float32 if kind == "Clip" else np.int64)
            inputs += f" {outputs.split()[0]}_{key}"
        rest = {k: v for k, v in values.items() if k in ("axis", "keepdims")}
        return node(kind, inputs, outputs, **rest)

    nodes = [op("Unsqueeze", "obs", "u", 13, axes=[1]), op("Squeeze", "u", "q", 13, axes=[1]),
             op("Clip", "q", "c", 11, min=-0.5, max=0.75),
             op("Slice", "c", "l", 10, starts=[1], ends=[100], axes=[1]),
             op("Split", "l", "p r", 13, split=[2, 3], axis=1),
             op("Pad", "p", "pad", 11, pads=[0, 1, 0, 0]), node("Add", "pad r", "y"),
             op("ReduceSum", "y", "sum", 13, axes=[1], keepdims=1), node("Add", "y sum", "logits")]
    agree(model(nodes, {"obs": ["batch", 6]}, {"logits": ["batch", 3]}, weights, opset), tmp_path,
          1, 6)


@pytest.mark.parametrize("opset", [11, 13])
def test_softmax_before_and_after_opset_13(opset: int, tmp_path: Path) -> None:
    agree(model([node("Softmax", "obs", "y", axis=1), node("Flatten", "y", "logits")],
                {"obs": [1, 2, 3]}, {"logits": [1, 6]}, opset=opset), tmp_path, 1, 2, 3)


def test_stable_baselines_shape_of_graph(tmp_path: Path) -> None:
    """Flatten and Identity around the layers, initializers listed as inputs too."""
    nodes = [node("Flatten", "obs", "f"), node("Identity", "f", "i"),
             node("Gemm", "i w b", "y", transB=1, alpha=0.5, beta=2.0), node("Tanh", "y", "t"),
             node("Dropout", "t", "d"), node("Gemm", "d head", "logits")]
    proto = model(nodes, {"obs": ["batch", 2, 2], "w": [6, 4], "b": [6], "head": [6, 3]},
                  {"logits": ["batch", 3]},
                  {"w": normal(RNG, 6, 4), "b": normal(RNG, 6), "head": normal(RNG, 6, 3)})
    program = agree(proto, tmp_path, 1, 2, 2)
    assert [type(op) for op in program.ops] == [Reshape, Gemm, Unary, Gemm]


def test_normaliser_and_reductions(tmp_path: Path) -> None:
    nodes = [node("Sub", "obs mean", "d"), node("Div", "d std", "n"), node("Clip", "n low high",
                                                                          "c"),
             node("ReduceMean", "c", "m", axes=[0, 2], keepdims=1), node("Sub", "c m", "e"),
             node("Pow", "e two", "sq"), node("ReduceMean", "sq", "var", axes=[-1], keepdims=1),
             node("Sqrt", "var", "sd"), node("Div", "e sd", "z"), node("Flatten", "z", "logits")]
    agree(model(nodes, {"obs": [1, 3, 4]}, {"logits": [1, 12]},
                {"mean": normal(RNG, 4), "std": np.float32([1, 2, 3, 4]), "two": np.float32(2),
                 "low": np.float32(-10), "high": np.float32(10)}), tmp_path, 1, 3, 4)


@pytest.mark.parametrize(("exponent", "supported"), [
    (2.0, True), (3.0, True), (0.5, True), (1.5, True), (-1.0, True), (-0.5, True), (0.3, False),
    (64.0, False)])
def test_powers(exponent: float, supported: bool, tmp_path: Path) -> None:
    nodes = [node("Abs", "obs", "a"), node("Add", "a one", "b"), node("Pow", "b e", "logits")]
    proto = model(nodes, {"obs": [1, 4]}, {"logits": [1, 4]},
                  {"one": np.float32(0.5), "e": np.float32(exponent)})
    if supported:
        agree(proto, tmp_path, 1, 4)
    else:
        with pytest.raises(UnsupportedError, match="exponent"):
            load(proto, tmp_path)


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("attributes", [
    {"kernel_shape": [2, 2], "strides": [2, 2]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
    {"kernel_shape": [3, 2], "strides": [2, 3], "ceil_mode": 1},
    {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER", "strides": [2, 1]}])
def test_pooling(kind: str, attributes: dict[str, Any], tmp_path: Path) -> None:
    nodes = [node(kind, "obs", "p", **attributes), node("Flatten", "p", "logits")]
    agree(model(nodes, {"obs": [1, 2, 7, 8]}, {"logits": [1, "n"]}), tmp_path, 1, 2, 7, 8)


def test_matmul_of_two_computed_tensors(tmp_path: Path) -> None:
    nodes = [node("Transpose", "obs", "t", perm=[0, 2, 1]), node("MatMul", "obs t", "scores"),
             node("Softmax", "scores", "p", axis=-1), node("MatMul", "p obs", "y"),
             node("MatMul", "y u", "z"), node("Flatten", "z", "logits")]
    agree(model(nodes, {"obs": [1, 3, 4]}, {"logits": [1, 3]}, {"u": normal(RNG, 4)}), tmp_path,
          1, 3, 4)


COMPARISONS = ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]
EDGES = np.float32([0, -0.0, 1e-45, -1e-45, 1e-38, 1, 1 + 2**-23, -1, 3.4e38, -3.4e38])


@pytest.mark.parametrize("kind", COMPARISONS)
def test_comparisons_are_exact_down_to_the_last_bit(kind: str, tmp_path: Path) -> None:
    proto = model([node(kind, "obs other", "m"), node("Cast", "m", "logits", to=1)],
                  {"obs": [1, 100]}, {"logits": [1, 100]},
                  {"other": np.tile(EDGES, 10)[None]})
    policy = Interpreter(load(proto, tmp_path))
    numpy_name = {"GreaterOrEqual": "greater_equal", "LessOrEqual": "less_equal"}
    x = np.repeat(EDGES, 10)
    expected = getattr(np, numpy_name.get(kind, kind.lower()))(x, np.tile(EDGES, 10))
    np.testing.assert_array_equal(policy.step(x)["logits"], expected.astype(np.float32))


def test_choices_and_logic(tmp_path: Path) -> None:
    """Softplus as torch writes it, a dead zone, and a branch that overflows where not chosen."""
    nodes = [node("Softplus", "obs", "sp"), node("Greater", "obs limit", "far"),
             node("Where", "far obs sp", "a"),
             node("Less", "obs half", "low"), node("Not", "low", "high"),
             node("And", "far high", "both"), node("Or", "both low", "any"),
             node("Xor", "any far", "odd"), node("Cast", "odd", "b", to=1),
             node("Exp", "obs", "e"), node("Where", "low e obs", "c"),
             node("Sign", "obs", "d"), node("ThresholdedRelu", "obs", "t", alpha=0.5),
             node("Where", "fixed obs d", "w"), node("Sum", "a b c d t w", "logits")]
    proto = model(nodes, {"obs": [1, 8]}, {"logits": [1, 8]},
                  {"limit": np.float32(20), "half": np.float32(0.5),
                   "fixed": np.arange(8) % 2 == 0})
    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    policy = Interpreter(load(proto, tmp_path))
    for x in np.float32([[0, -1, 0.5, 21, 200, -300, 19, 2], RNG.normal(size=8) * 10]):
        (theirs,) = session.run(None, {"obs": x[None]})
        np.testing.assert_allclose(policy.step(x)["logits"], theirs[0], rtol=1e-5, atol=1e-6)


def test_booleans_are_no_numbers(tmp_path: Path) -> None:
    proto = model([node("Greater", "obs zero", "m"), node("Where", "m m m", "logits")],
                  {"obs": [1, 2]}, {"logits": [1, 2]}, {"zero": np.float32(0)},
                  dtypes={"logits": 9})
    with pytest.raises(UnsupportedError, match="holds booleans"):
        load(proto, tmp_path)
