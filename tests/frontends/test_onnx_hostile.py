# SPDX-License-Identifier: MIT
"""Files that are damaged, hostile or beyond what is supported: one clear error each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from puffer_edge.errors import (  # noqa: E402
    FileFormatError,
    MissingDependencyError,
    PufferEdgeError,
    UnsupportedError,
)
from puffer_edge.frontends.onnx import load_onnx  # noqa: E402
from puffer_edge.frontends.onnx.load import load_onnx_bytes  # noqa: E402
from puffer_edge.frontends.options import LoadOptions  # noqa: E402
from tests.frontends.onnx_models import load, model, node, normal  # noqa: E402

RNG = np.random.default_rng(0)
HOSTILE = '"; system("\n*/ \x1b[31m../../x‮'


def policy(**changes: Any) -> Any:
    """A sound policy of one layer, but for the changes."""
    fields: dict[str, Any] = {
        "nodes": [node("Gemm", "obs w", "logits", transB=1)], "inputs": {"obs": [1, 4]},
        "outputs": {"logits": [1, 3]}, "weights": {"w": normal(RNG, 3, 4)}}
    return model(**{**fields, **changes})


def test_truncated_and_foreign_files(tmp_path: Path) -> None:
    data = policy().SerializeToString()
    path = tmp_path / "p.onnx"
    for content in (b"", b"PK\x03\x04 zip", b"\x00" * 64, data[:-5], data[: len(data) // 2],
                    RNG.bytes(500)):
        path.write_bytes(content)
        with pytest.raises(FileFormatError):
            load_onnx(path, LoadOptions())
    with pytest.raises(FileFormatError, match="cannot be read"):
        load_onnx(tmp_path / "missing.onnx", LoadOptions())
    with pytest.raises(FileFormatError, match="cannot be read"):
        load_onnx(tmp_path, LoadOptions())


def test_file_beyond_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puffer_edge.frontends.onnx.reader.MAX_BYTES", 100)
    with pytest.raises(FileFormatError, match="larger than"):
        load(policy(), tmp_path)


def test_without_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = policy().SerializeToString()
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "puffer-edge\[onnx\]"'):
        load_onnx_bytes(data, LoadOptions(), "p.onnx")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(value: float, tmp_path: Path) -> None:
    weights = normal(RNG, 3, 4)
    weights[1, 2] = value
    with pytest.raises(FileFormatError, match="NaN or infinite"):
        load(policy(weights={"w": weights}), tmp_path)


@pytest.mark.parametrize(("dims", "raw"), [
    ([3, 4], b"\0" * 47), ([3, 4], b"\0" * 49), ([1 << 40, 1 << 40], b"\0" * 48),
    ([-3, -4], b"\0" * 48), ([1 << 62, 4], b"")])
def test_tensor_whose_shape_lies(dims: list[int], raw: bytes, tmp_path: Path) -> None:
    proto = policy()
    del proto.graph.initializer[0].dims[:]
    proto.graph.initializer[0].dims.extend(dims)
    proto.graph.initializer[0].raw_data = raw
    with pytest.raises(FileFormatError):
        load(proto, tmp_path)


def test_strange_dtypes(tmp_path: Path) -> None:
    proto = policy()
    for kind in (999, onnx.TensorProto.STRING, onnx.TensorProto.COMPLEX64):
        proto.graph.initializer[0].data_type = kind
        with pytest.raises((FileFormatError, UnsupportedError)):
            load(proto, tmp_path)
    double = policy(dtypes={"obs": 11, "logits": 11}, weights={"w": np.zeros((3, 4))})
    with pytest.raises(UnsupportedError, match="float64, not float32") as caught:
        load(double, tmp_path)
    assert "policy.float()" in caught.value.hint


def test_unsupported_op_is_named_and_the_supported_are_listed(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="Det: the op is not supported") as caught:
        load(policy(nodes=[node("Det", "obs", "logits", name=HOSTILE)], inputs={"obs": [2, 2]},
                    outputs={"logits": []}), tmp_path)
    assert "Gemm" in caught.value.hint and "LSTM" in caught.value.hint
    assert str(caught.value).isprintable() or "\n  hint" in str(caught.value)
    assert "\x1b" not in str(caught.value) and str(caught.value).isascii()


def test_hostile_names_stay_out_of_messages_and_fields(tmp_path: Path) -> None:
    proto = policy(nodes=[onnx.helper.make_node("Concat", [HOSTILE, "int"], ["x"], axis=1),
                          node("Gemm", "x w", "logits", transB=1)],
                   inputs={HOSTILE: [1, 3], "int": [1, 1]})
    program = load(proto, tmp_path)
    assert all(f.name.isidentifier() for f in program.contract.observation)
    assert all(n.text.isascii() and n.text.isprintable() for n in program.notes)


def test_structures_that_are_refused(tmp_path: Path) -> None:
    simple = body = onnx.helper.make_graph([node("Identity", "obs", "z")], "body", [], [
        onnx.helper.make_tensor_value_info("z", 1, [1, 4])])
    loop = node("Loop", "count flag obs", "logits", body=body)
    with pytest.raises(UnsupportedError, match="subgraph"):
        load(policy(nodes=[loop], outputs={"logits": [1, 4]},
                    weights={"flag": np.array(True), "count": np.array(3)}), tmp_path)
    branch = node("If", "flag", "logits", then_branch=body, else_branch=body)
    for _ in range(9):
        body = onnx.helper.make_graph([branch], "body", [], [
            onnx.helper.make_tensor_value_info("logits", 1, [1, 4])])
        branch = node("If", "flag", "logits", then_branch=body, else_branch=body)
    with pytest.raises(UnsupportedError, match="nested"):
        load(policy(nodes=[branch], outputs={"logits": [1, 4]},
                    weights={"flag": np.array(True)}), tmp_path)
    with pytest.raises(UnsupportedError, match="If: the condition must be constant"):
        load(policy(nodes=[node("ReduceMax", "obs", "top", keepdims=0),
                           node("Cast", "top", "flag", to=9),
                           node("If", "flag", "logits", then_branch=simple, else_branch=simple)],
                    outputs={"logits": [1, 4]}), tmp_path)
    foreign = node("FusedGemm", "obs w", "logits", domain="com.microsoft")
    proto = policy(nodes=[foreign])
    proto.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    with pytest.raises(UnsupportedError, match="domain com"):
        load(proto, tmp_path)
    proto = policy()
    proto.functions.append(onnx.helper.make_function(
        "local", "f", ["a"], ["b"], [node("Identity", "a", "b")],
        [onnx.helper.make_opsetid("", 17)]))
    with pytest.raises(UnsupportedError, match="local functions"):
        load(proto, tmp_path)
    with pytest.raises(UnsupportedError, match="opset"):
        load(policy(opset=6), tmp_path)
    with pytest.raises(UnsupportedError, match="random numbers"):
        load(policy(nodes=[node("RandomUniformLike", "obs", "n"), node("Add", "obs n", "logits")],
                    outputs={"logits": [1, 4]}), tmp_path)


def test_dimensions_without_size(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="features"):
        load(policy(nodes=[node("Relu", "obs", "logits")], inputs={"obs": [1, "features"]},
                    outputs={"logits": [1, "features"]}), tmp_path)
    with pytest.raises(UnsupportedError, match="empty"):
        load(policy(nodes=[node("Relu", "obs", "logits")], inputs={"obs": [1, 0]},
                    outputs={"logits": [1, 0]}), tmp_path)


def test_names_that_are_not_text(tmp_path: Path) -> None:
    data = policy(nodes=[node("Gemm", "obs w", "logits", transB=1, name="layer")])
    path = tmp_path / "p.onnx"
    path.write_bytes(data.SerializeToString().replace(b"layer", b"la\xff\xfer"))
    with pytest.raises(FileFormatError, match="not text"):
        load_onnx(path, LoadOptions())


@pytest.mark.parametrize("nodes", [
    [node("ConstantOfShape", "huge", "z"), node("Add", "obs z", "logits")],
    [node("Expand", "w huge", "z"), node("Add", "obs z", "logits")],
    [node("Expand", "obs huge", "logits")],
    [node("Tile", "obs huge", "logits")],
    [node("Pad", "obs pads", "logits")],
    [node("Range", "zero end one", "z"), node("Add", "obs z", "logits")]])
def test_bombs(nodes: list[Any], tmp_path: Path) -> None:
    weights = {"w": np.ones((1, 1), np.float32), "huge": np.array([1 << 20, 1 << 20]),
               "pads": np.array([0, 0, 0, 1 << 40]), "zero": np.float32(0), "one": np.float32(1),
               "end": np.float32(1e12)}
    with pytest.raises((UnsupportedError, FileFormatError)):
        load(policy(nodes=nodes, weights=weights, outputs={"logits": ["a", "b"]}), tmp_path)


def test_doubling_chain_stops(tmp_path: Path) -> None:
    nodes = [node("Concat", f"x{i} x{i}", f"x{i + 1}", axis=0) for i in range(30)]
    nodes += [node("ReduceSum", "x30", "s", keepdims=0), node("Add", "obs s", "logits")]
    with pytest.raises(UnsupportedError, match="elements"):
        load(policy(nodes=nodes, weights={"x0": np.ones(8, np.float32)},
                    outputs={"logits": [1, 4]}), tmp_path)


def test_mutated_files_never_give_another_exception(tmp_path: Path) -> None:
    """Bytes of a sound recurrent policy changed at random; a few hundred, seeded."""
    weights = {"w": normal(RNG, 1, 32, 5), "r": normal(RNG, 1, 32, 8), "b": normal(RNG, 1, 64),
               "head": normal(RNG, 2, 8), "axis": np.array([0]), "shape": np.array([1, 1, -1])}
    data = model(
        [node("Reshape", "obs shape", "x"),
         node("LSTM", "x w r b - h_in c_in", "y h_out c_out", hidden_size=8),
         node("Squeeze", "h_out axis", "top"), node("Gemm", "top head", "z", transB=1),
         node("Slice", "z axis axis axis", "unused"), node("Softmax", "z", "actions", axis=-1)],
        {"obs": ["batch", 5], "h_in": [1, 1, 8], "c_in": [1, 1, 8]},
        {"actions": [1, 2], "h_out": [1, 1, 8], "c_out": [1, 1, 8]}, weights).SerializeToString()
    rng, loaded = np.random.default_rng(42), 0
    structure = [i for i in range(len(data)) if not 500 < i < len(data) - 500]
    for _ in range(300):
        changed = bytearray(data)
        for position in rng.choice(structure, size=rng.integers(1, 4)):
            changed[position] = rng.integers(256)
        try:
            load_onnx_bytes(bytes(changed), LoadOptions(), "mutated.onnx")
            loaded += 1
        except PufferEdgeError:
            pass
    assert loaded > 0
