# SPDX-License-Identifier: MIT
"""Ops that few graphs have, against onnxruntime: what moves elements and counts must be equal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from puffer_edge.errors import FileFormatError, UnsupportedError  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir import Program  # noqa: E402
from tests.frontends.onnx_models import load, model, node, normal  # noqa: E402
from tests.frontends.test_onnx_against_onnxruntime import U, session  # noqa: E402

RNG = np.random.default_rng(5)


def agree(proto: Any, folder: Path, tolerance: float = 0.0, low: float = -3, high: float = 3,
          scale: float = 1.0) -> Program:
    """Asserts the same numbers of random observations, some of them whole or halves."""
    program = load(proto, folder, action="continuous")
    policy, reference = Interpreter(program), session(proto)
    shape = [d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim]
    for step in range(20):
        x = RNG.uniform(low, high, shape).astype(np.float32) * np.float32(scale)
        x = np.round(x * 2) / 2 if step % 2 else x
        (ours,) = policy.step(x.astype(np.float32)).values()
        (theirs,) = reference.run(None, {proto.graph.input[0].name: x.astype(np.float32)})
        limit = tolerance * max(1.0, float(np.abs(theirs).max()))
        assert np.abs(ours.reshape(-1) - theirs.reshape(-1)).max() <= limit
    return program


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
@pytest.mark.parametrize("computed", ["updates", "both", "base"])
def test_scatter(reduction: str, computed: str, tmp_path: Path) -> None:
    """Elements and whole rows; places that are hit twice, where a reduction makes that sound."""
    elements = np.array([[0, 3], [2, -1], [1, 0]])
    rows = np.array([[2], [0]])
    if reduction != "none":
        elements, rows = np.array([[0, 3], [2, 0], [0, 3]]), np.array([[2], [2]])
    half = "base" if computed == "updates" else "obs"
    given = "base" if computed == "base" else "obs"
    nodes = [node("Slice", f"{given} zero three axis1", "three_numbers"),
             node("Reshape", "three_numbers flat", "few"),
             node("Reshape", f"{half} square", "x"),
             node("ScatterND", "x elements few", "y", reduction=reduction),
             node("Slice", f"{given} zero end8 axis1", "eight"),
             node("Reshape", "eight wide", "two_rows"),
             node("ScatterND", "y rows two_rows", "z", reduction=reduction),
             node("ScatterElements", "z picked two_rows", "w", axis=1, reduction=reduction),
             node("Reshape", "w out", "actions")]
    picked = np.array([[0, 1, 2, 3], [3, 2, 1, 0]])
    agree(model(nodes, {"obs": [1, 12]}, {"actions": [1, 12]}, {
        "elements": elements, "rows": rows, "base": normal(RNG, 1, 12), "square": [3, 4],
        "flat": [3], "wide": [2, 4], "zero": [0], "three": [3], "end8": [8], "axis1": [1],
        "out": [1, 12], "picked": picked}, opset=18), tmp_path, tolerance=4 * U)


@pytest.mark.parametrize("indices", [[[0], [2]], [[0, 1], [2, -1], [1, 1]], [[[2, 3]], [[0, 0]]]])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gather(indices: Any, axis: int, tmp_path: Path) -> None:
    index = np.array(indices)
    shape = np.empty((3, 4))[tuple(np.moveaxis(index, -1, 0))].shape
    picked = np.array([[0, 2], [-1, 1]])
    nodes = [node("Reshape", "obs square", "x"), node("GatherND", "x index", "a"),
             node("GatherElements", "x picked", "b", axis=axis),
             node("Reshape", "a flat", "c"), node("Reshape", "b flat", "d"),
             node("Concat", "c d", "actions", axis=1)]
    agree(model(nodes, {"obs": [1, 12]}, {"actions": [1, int(np.prod(shape)) + 4]}, {
        "index": index, "picked": picked, "square": [3, 4], "flat": [1, -1]}, opset=18), tmp_path)


@pytest.mark.parametrize("place", [3, -4])
def test_places_outside(place: int, tmp_path: Path) -> None:
    for op in ("GatherElements", "ScatterElements"):
        nodes = [node("Reshape", "obs square", "x"),
                 node(op, "x index" + (" x" if "S" in op else ""), "y", axis=0),
                 node("Reshape", "y flat", "actions")]
        with pytest.raises(FileFormatError, match="lies outside"):
            load(model(nodes, {"obs": [1, 9]}, {"actions": [1, 9]}, {
                "index": np.full((3, 3), place), "square": [3, 3], "flat": [1, 9]}, opset=18),
                tmp_path)


@pytest.mark.parametrize("first", [-3, 0, 2])
def test_the_first_and_the_last_place(first: int, tmp_path: Path) -> None:
    """-3 is the first of three, and inside; onnxruntime judges."""
    nodes = [node("Reshape", "obs square", "x"), node("Mul", "x two", "doubled"),
             node("ScatterElements", "x index doubled", "y", axis=0),
             node("Reshape", "y flat", "actions")]
    agree(model(nodes, {"obs": [1, 9]}, {"actions": [1, 9]}, {
        "index": np.stack([np.roll([0, 1, 2], -first)] * 3, 1) - 3 * (first == -3),
        "square": [3, 3], "flat": [1, 9], "two": np.float32(2)}, opset=18), tmp_path)


EQUATIONS = {
    "ij,jk->ik": ("rows", (4, 5)), "ij,kj->ik": ("rows", (5, 4)), "ij,kj": ("rows", (5, 4)),
    "ij,ij->": ("rows", (3, 4)), "ij,ij->i": ("rows", (3, 4)), "ij,jk->ki": ("rows", (4, 2)),
    "...i,ij->...j": ("rows", (4, 2)), "ij,k->ikj": ("rows", (2,)), "ij->ji": ("rows", None),
    "ij->j": ("rows", None), "ij->": ("rows", None), "bij,bjk->bik": ("blocks", (2, 3, 4)),
    "bij,bkj->bik": ("blocks", (2, 5, 3)), "bij,jk->bki": ("blocks", (3, 4)),
    "bij,bij->bj": ("blocks", (2, 2, 3)), "bij,j,b->i": ("blocks", (3,)),
}


@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize("computed", ["first", "both"])
def test_einsum(equation: str, computed: str, tmp_path: Path) -> None:
    shape, other = EQUATIONS[equation]
    weights: dict[str, Any] = {"shape": [3, 4] if shape == "rows" else [2, 2, 3], "flat": [1, -1],
                               "short": [2], "zero": [0], "axis1": [1], "two": [2]}
    nodes, names = [node("Reshape", "obs shape", "x")], ["x"]
    if other is not None:
        weights |= {"w": normal(RNG, *other)}
        names.append("w")
        if computed == "both":
            nodes.append(node("ReduceMean", "obs", "mean", keepdims=0))
            nodes.append(node("Add", "w mean", "v"))
            names[1] = "v"
    if equation.count(",") == 2:
        nodes += [node("Slice", "obs zero two axis1", "s"), node("Reshape", "s short", "t")]
        names.append("t")
    nodes += [node("Einsum", " ".join(names), "y", equation=equation),
              node("Reshape", "y flat", "actions")]
    arrays = [np.empty(weights["shape"]), *([] if other is None else [np.empty(other)]),
              *([np.empty(2)] if equation.count(",") == 2 else [])]
    width = np.einsum(equation, *arrays).size
    agree(model(nodes, {"obs": [1, 12]}, {"actions": [1, width]}, weights), tmp_path,
          tolerance=64 * U)


def test_einsum_of_what_is_no_product(tmp_path: Path) -> None:
    nodes = [node("Reshape", "obs square", "x"), node("Einsum", "x", "y", equation="ii->i"),
             node("Reshape", "y flat", "actions")]
    with pytest.raises(UnsupportedError, match="diagonal"):
        load(model(nodes, {"obs": [1, 9]}, {"actions": [1, 3]},
                   {"square": [3, 3], "flat": [1, 3]}), tmp_path)


def branches(left: str, right: str) -> dict[str, Any]:
    def body(op: str, name: str) -> Any:
        return onnx.helper.make_graph([node(op, "obs", name)], name, [], [
            onnx.helper.make_tensor_value_info(name, 1, [1, 4])])
    return {"then_branch": body(left, "left"), "else_branch": body(right, "right")}


@pytest.mark.parametrize("rank", [2, 3])
def test_a_branch_that_a_shape_decides(rank: int, tmp_path: Path) -> None:
    """As torch writes ``x.squeeze()``; what is beside it is not looked at."""
    nodes = [node("Shape", "obs", "shape"), node("Size", "shape", "rank"),
             node("Equal", "rank wished", "is"), node("If", "is", "y", **branches("Tanh", "Det")),
             node("Neg", "y", "actions")]
    if rank == 3:
        nodes[3] = node("If", "is", "y", **branches("Det", "Tanh"))
    proto = model(nodes, {"obs": [1, 4]}, {"actions": [1, 4]}, {"wished": np.array(rank)})
    program = load(proto, tmp_path)
    x = np.array([[1, -2, 0.5, 0]], np.float32)
    (ours,) = Interpreter(program).step(x).values()
    np.testing.assert_allclose(ours, -np.tanh(x[0]), atol=1e-6)


def test_noise_is_left_out(tmp_path: Path) -> None:
    nodes = [node("Gemm", "obs w", "mean", transB=1), node("Gemm", "obs v", "log_std", transB=1),
             node("Exp", "log_std", "std"), node("RandomNormalLike", "mean", "noise"),
             node("Mul", "std noise", "part"), node("Add", "mean part", "actions")]
    program = load(model(nodes, {"obs": [1, 4]}, {"actions": [1, 3]}, {
        "w": (w := normal(RNG, 3, 4)), "v": normal(RNG, 3, 4)}), tmp_path)
    assert [note.code for note in program.notes if note.code.startswith("random")] == [
        "random-mean"]
    x = normal(RNG, 1, 4)
    (ours,) = Interpreter(program).step(x).values()
    np.testing.assert_allclose(ours, (x @ w.T)[0], rtol=1e-5)


def test_a_draw_is_the_most_likely_choice(tmp_path: Path) -> None:
    nodes = [node("Gemm", "obs w", "logits", transB=1),
             node("Multinomial", "logits", "action", dtype=7, sample_size=1)]
    program = load(model(nodes, {"obs": [1, 4]}, {"action": [1, 1]}, {
        "w": (w := normal(RNG, 3, 4))}, dtypes={"action": 7}), tmp_path)
    assert "random-greedy" in {note.code for note in program.notes}
    x = normal(RNG, 1, 4)
    assert Interpreter(program).act(x) == (x @ w.T).argmax()


def test_argmax_inside_is_an_index(tmp_path: Path) -> None:
    proto = model([node("Gemm", "obs w", "y", transB=1), node("ArgMax", "y", "i", axis=1),
                   node("Cast", "i", "f", to=1), node("Neg", "f", "g"),
                   node("Concat", "g f", "actions", axis=1)],
                  {"obs": [1, 4]}, {"actions": [1, 2]}, {"w": (w := normal(RNG, 3, 4))})
    program = load(proto, tmp_path)
    assert not any("at the end" in note.text for note in program.notes)
    for x in RNG.normal(size=(9, 4)).astype(np.float32):
        best = (w @ x).argmax()
        assert Interpreter(program).step(x)["mean"].tolist() == [-best, best]


@pytest.mark.parametrize(("to", "scale"), [(9, 1), (7, 1), (6, 1000), (2, 1)])
def test_casts_there_and_back(to: int, scale: float, tmp_path: Path) -> None:
    low = 0 if to == 2 else -3
    nodes = [node("Cast", "obs", "whole", to=to), node("Cast", "whole", "again", to=1),
             node("Cast", "again", "flag", to=9), node("Where", "flag again obs", "actions")]
    agree(model(nodes, {"obs": [1, 8]}, {"actions": [1, 8]}), tmp_path, low=low, scale=scale)


@pytest.mark.parametrize("op", ["Round", "Floor", "Ceil"])
@pytest.mark.parametrize("scale", [1, 2.0**20, 2.0**22, 2.0**23, 1e30])
def test_whole_numbers(op: str, scale: float, tmp_path: Path) -> None:
    agree(model([node(op, "obs", "actions")], {"obs": [1, 40]}, {"actions": [1, 40]}), tmp_path,
          scale=scale)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot(axis: int, tmp_path: Path) -> None:
    nodes = [node("Cast", "obs", "kind", to=7), node("OneHot", "kind five values", "y", axis=axis),
             node("Reshape", "y flat", "actions")]
    agree(model(nodes, {"obs": [1, 3]}, {"actions": [1, 15]}, {
        "five": np.array(5), "values": np.array([-1, 2.5], np.float32), "flat": [1, 15]}),
        tmp_path, low=0, high=5)


@pytest.mark.parametrize("depth", [np.array([[1, 2]]), np.array(0), np.array(-1), np.array(2.5),
                                   np.array(1 << 40), np.array([], np.int64)], ids=str)
def test_a_depth_that_cannot_be(depth: np.ndarray, tmp_path: Path) -> None:
    nodes = [node("Cast", "obs", "kind", to=7), node("OneHot", "kind depth values", "y"),
             node("Reshape", "y flat", "actions")]
    with pytest.raises(UnsupportedError, match="OneHot"):
        load(model(nodes, {"obs": [1, 3]}, {"actions": [1, 15]}, {
            "depth": depth, "values": np.array([0, 1], np.float32), "flat": [1, 15]}), tmp_path)
