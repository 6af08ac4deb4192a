# SPDX-License-Identifier: MIT
"""The kind of a file is told from its content, and never from its name."""

from __future__ import annotations

import json
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puffer_edge.errors import FileFormatError, PufferEdgeError, UnsupportedError
from puffer_edge.frontends.detect import Kind, detect
from tests.readers.forging import checkpoint, limited_memory, mapping, refused, tensor, zipped

EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"
SOUND = checkpoint(mapping({"w": tensor()}))
WEIGHTS = np.random.default_rng(0).normal(0, 0.1, 1000).astype("<f4")
ONNX = b"\x08\x0a\x12\x07pytorch:\x10\n\x04obs_\x12\x04Gemm"


def write(directory: Path, content: bytes, name: str = "policy.onnx") -> Path:
    path = directory / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["policy.pt", "policy.bin", "policy.onnx", "policy", "p.zip"])
def test_the_name_does_not_matter(name: str, tmp_path: Path) -> None:
    """PufferLib 4 calls checkpoints of torch .bin."""
    assert detect(write(tmp_path, SOUND, name)) == "torch_checkpoint"


@pytest.mark.parametrize(("name", "kind"), [
    ("cartpole_puffer_lstm.pt", "torch_checkpoint"), ("cartpole_sb3.zip", "stable_baselines3")])
def test_examples(name: str, kind: str) -> None:
    assert detect(EXAMPLES / name) == kind


def test_deflated_zip(tmp_path: Path) -> None:
    """People unzip and zip again."""
    content = zipped([("data", b"{}"), ("policy.pth", SOUND)], zipfile.ZIP_DEFLATED)
    assert detect(write(tmp_path, content)) == "stable_baselines3"


def test_what_onnx_writes(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.helper.make_model(onnx.helper.make_graph(
        [onnx.helper.make_node("Gemm", ["obs", "w"], ["y"])], "policy",
        [onnx.helper.make_tensor_value_info("obs", 1, [1, 40])],
        [onnx.helper.make_tensor_value_info("y", 1, [1, 25])],
        [onnx.numpy_helper.from_array(WEIGHTS.reshape(40, 25), "w")]))
    for padding in range(4):  # whatever the length is, it is never taken for bare numbers
        model.doc_string = "x" * padding
        assert detect(write(tmp_path, model.SerializeToString(), "p.pt")) == "onnx"


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_what_torch_writes(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Linear(4, 2)
    path = tmp_path / "policy"
    torch.save(net.state_dict(), path)
    assert detect(path) == "torch_checkpoint"
    torch.save(net, path)
    assert detect(path) == "torch_checkpoint"
    torch.export.save(torch.export.export(net, (torch.ones(1, 4),)), path)
    assert detect(path) == "pt2"
    torch.save(net.state_dict(), path, _use_new_zipfile_serialization=False)
    assert detect(path) == "torch_checkpoint"
    torch.jit.trace(net, torch.ones(1, 4)).save(path)
    assert detect(path) == "torch_script"


def test_tflite(tmp_path: Path) -> None:
    assert detect(write(tmp_path, b"\x1c\0\0\0TFL3" + bytes(40))) == "tflite"


def test_hdf5(tmp_path: Path) -> None:
    assert detect(write(tmp_path, b"\x89HDF\r\n\x1a\n" + bytes(40))) == "hdf5"


def test_safetensors(tmp_path: Path) -> None:
    assert detect(write(tmp_path, safetensors())) == "safetensors"


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(16)


@pytest.mark.parametrize(("content", "what"), [
    (pickle.dumps({"w": 1}), "bare pickle"),
    (pickle.dumps({"w": 1}, 2), "bare pickle"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_known_and_not_read(content: bytes, what: str, tmp_path: Path) -> None:
    with refused(UnsupportedError, f"(?s){what}.*hint: "):
        detect(write(tmp_path, content))


def test_bare_numbers_whose_first_byte_is_that_of_onnx(tmp_path: Path) -> None:
    content = b"\x08" + WEIGHTS.tobytes()[1:]
    assert detect(write(tmp_path, content)) == "pufferlib_weights"


def test_bare_numbers(tmp_path: Path) -> None:
    assert detect(write(tmp_path, WEIGHTS.tobytes())) == "pufferlib_weights"
    padded = np.concatenate([WEIGHTS, np.zeros(64, "<f4")])
    assert detect(write(tmp_path, padded.tobytes())) == "pufferlib_weights"


@pytest.mark.parametrize("content", [
    b"", b"P", b"PK", b"PK\x03\x04", b"\x80", b"\x80\x02", b"\x08", b"\0" * 64, b"hello, world" * 9,
    b"0.25,0.5,0.75,1.0\n" * 10, b'{"obs": [1, 2, 3]}', b"<html>", b"\x7fELF" + bytes(60),
    zipped([]), zipped([("readme.txt", b"x")]), SOUND[:-30], SOUND[:100],
    np.full(64, np.nan, "<f4").tobytes(), b"\xff" * 64, WEIGHTS.tobytes()[:-1],
], ids=lambda content: f"{len(content)} bytes {content[:8]!a}")  # the time is in a zip
def test_no_policy(content: bytes, tmp_path: Path) -> None:
    with refused():
        detect(write(tmp_path, content))


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "nothing", tmp_path, tmp_path / "pipe", Path("/dev/zero"),
                 tmp_path / ("x" * 300)):
        with refused(FileFormatError):
            detect(path)
    with pytest.raises(FileFormatError, match=r"null (byte|character)"):
        detect(Path("a\0b"))


def test_file_without_the_right_to_read(tmp_path: Path) -> None:
    path = write(tmp_path, SOUND)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("the superuser may read everything")
    with refused(FileFormatError, "cannot be read"):
        detect(path)


def test_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "policy.pt"
    with open(path, "wb") as file:
        file.truncate(1 << 40)  # a hole: no disk is used
    with refused(FileFormatError, "larger"):
        detect(path)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.builds(
    lambda head, rest: head + rest,
    st.sampled_from([b"PK\x03\x04", b"\x80\x02\x8a\nl\xfc", b"\x80\x04", b"\x08", SOUND[:60],
                     b"\x89HDF\r\n\x1a\n", ONNX, safetensors()[:12]]), st.binary(max_size=200))))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """One of the kinds, or one of our errors."""
    path = write(tmp_path_factory.getbasetemp(), content, "any")
    try:
        with limited_memory():
            assert detect(path) in get_args(Kind)
    except PufferEdgeError:
        pass
