# SPDX-License-Identifier: MIT
"""ONNX whose weights are in a file beside it, and what such a file could do to its reader."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

import puffer_edge  # noqa: E402
from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError  # noqa: E402
from puffer_edge.frontends.options import LoadOptions  # noqa: E402
from tests.frontends.onnx_models import model, node, normal  # noqa: E402

RNG = np.random.default_rng(0)


def saved(folder: Path, **entries: str) -> Path:
    """A policy whose weights are at 16 of weights.bin, or as the entries say."""
    weights = normal(RNG, 3, 4)
    proto = model([node("Gemm", "obs w b", "logits", transB=1)], {"obs": [1, 4]},
                  {"logits": [1, 3]}, {"w": weights, "b": normal(RNG, 3)})
    (tensor,) = (t for t in proto.graph.initializer if t.name == "w")
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    said = {"location": "weights.bin", "offset": "16", "length": "48"} | entries
    for key, value in said.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    (folder / "weights.bin").write_bytes(bytes(16) + weights.astype("<f4").tobytes())
    (folder / "p.onnx").write_bytes(proto.SerializeToString())
    return folder / "p.onnx"


@pytest.mark.parametrize("single", [True, False])
def test_what_onnx_itself_saves(single: bool, tmp_path: Path) -> None:
    """In one file, or one file per tensor; the same policy as with everything inside."""
    proto = model([node("Gemm", "obs w b", "logits", transB=1)], {"obs": [1, 4]},
                  {"logits": [1, 3]}, {"w": normal(RNG, 3, 4), "b": normal(RNG, 3)})
    onnx.save(proto, tmp_path / "whole.onnx")
    onnx.save(proto, tmp_path / "p.onnx", save_as_external_data=True, size_threshold=0,
              all_tensors_to_one_file=single, location="p.onnx.data" if single else None)
    assert not set(tmp_path.iterdir()) <= {tmp_path / "p.onnx", tmp_path / "whole.onnx"}
    whole, parts = (puffer_edge.load(tmp_path / name) for name in ("whole.onnx", "p.onnx"))
    assert whole.ops == parts.ops and whole.constants.keys() == parts.constants.keys()
    for name, array in whole.constants.items():
        assert np.array_equal(array, parts.constants[name])


def test_offset_and_length(tmp_path: Path) -> None:
    program = puffer_edge.load(saved(tmp_path))
    (weight,) = (array for array in program.constants.values() if array.ndim == 2)
    assert weight.tobytes() == (tmp_path / "weights.bin").read_bytes()[16:]


@pytest.mark.parametrize("location", [
    "/etc/passwd", "../weights.bin", "a/../weights.bin", "..", ".", "", "C:weights.bin",
    "a\\weights.bin", "weights.bin\0.txt"])
def test_a_path_is_refused(location: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(UnsupportedError, match="another file"):
        puffer_edge.load(saved(tmp_path, location=location))


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(100))
    kinds: dict[str, Any] = {
        "missing": lambda path: None, "folder": Path.mkdir,
        "link": lambda path: path.symlink_to(secret), "pipe": os.mkfifo}
    for name, make in kinds.items():
        make(tmp_path / name)
        with pytest.raises(FileFormatError, match="no file beside the model") as caught:
            puffer_edge.load(saved(tmp_path, location=name))
        assert "beside the model" in caught.value.hint


@pytest.mark.parametrize("entries", [
    {"offset": "17"}, {"offset": "-16"}, {"offset": "999999999999999999999"}, {"offset": "0x10"},
    {"length": "44"}, {"length": "52"}, {"length": "all"}, {"offset": "", "length": ""},
    {"offset": "\u0661\u0666"}])
def test_data_that_does_not_fit(entries: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="its data"):
        puffer_edge.load(saved(tmp_path, **entries))


def test_too_much_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puffer_edge.frontends.onnx.external.MAX_BYTES", 60)
    with pytest.raises(FileFormatError, match="larger than"):
        puffer_edge.load(saved(tmp_path))


def test_a_model_without_a_folder(tmp_path: Path) -> None:
    from puffer_edge.frontends.onnx.load import load_onnx_bytes

    data = saved(tmp_path).read_bytes()
    with pytest.raises(PufferEdgeError, match="another file") as caught:
        load_onnx_bytes(data, LoadOptions(), "p.onnx")
    assert "onnx.save" in str(caught.value.hint)
