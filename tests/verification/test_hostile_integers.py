# SPDX-License-Identifier: MIT
"""Artefacts of integer policies that somebody changed: one error or a failed check, no nonsense."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.artefact.program_file import from_bytes, to_bytes
from puffer_edge.artefact.vectors import npz
from puffer_edge.errors import FileFormatError

POLICIES = Path(__file__).parents[2] / "examples" / "policies"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("integers")
    with np.load(POLICIES / "cartpole_puffer_lstm_reference.npz") as data:
        np.savez(work / "recorded.npz", observations=data["observations"])
    return puffer_edge.export(POLICIES / "cartpole_puffer_lstm.pt", work / "a", name="lander",
                              scheme="int8", calibrate=str(work / "recorded.npz"))


@pytest.fixture
def artefact(good: Path, tmp_path: Path) -> Path:
    return shutil.copytree(good, tmp_path / "a")


def sign(directory: Path) -> None:
    """Makes the manifest's hashes those of the files."""
    path = directory / "policy.json"
    manifest = json.loads(path.read_text())
    manifest["files"] = {name: hashlib.sha256((directory / name).read_bytes()).hexdigest()
                         for name in manifest["files"]}
    path.write_text(json.dumps(manifest))


def change(directory: Path, file: str, **arrays: Any) -> None:
    """Replaces arrays of an .npz, or takes out those that are None."""
    with np.load(directory / file) as data:
        present = {name: data[name] for name in data.files}
    present.update(arrays)
    (directory / file).write_bytes(npz({k: v for k, v in present.items() if v is not None}))
    sign(directory)


@pytest.mark.parametrize("arrays", [
    {"reference": None}, {"observations": None}, {"reset": None},
    {"observations": np.zeros((0, 2), np.float32), "reset": np.zeros(0, bool),
     "reference": np.zeros((0, 2))},
    {"observations": np.zeros((150, 3), np.float32)}, {"reference": np.zeros((150, 5))},
    {"reference": np.zeros((7, 2))}, {"reset": np.zeros((150, 2), bool)},
    {"reset": np.zeros((), bool)},
    {"observations": np.full((150, 2), np.nan)}, {"observations": np.full((150, 2), 1e300)},
    {"reference": np.full((150, 2), np.inf)}, {"reference": np.full((150, 2), "a")},
    {"observations": np.zeros((150, 2), complex)},
])
def test_a_bad_judge_is_one_error(artefact: Path, arrays: dict[str, Any]) -> None:
    with np.load(artefact / "judge.npz") as data:
        assert data["reference"].shape == (150, 2)  # so that each case is bad in one way only
    change(artefact, "judge.npz", **arrays)
    with pytest.raises(FileFormatError, match="judge"):
        puffer_edge.verify(artefact, target="host")


@pytest.mark.parametrize("arrays", [
    {"observations": np.zeros((36, 2), np.float32)}, {"observations": np.zeros((36, 3), np.int8)},
    {"observations": np.zeros((36, 2), np.int32)}, {"actions": np.zeros((36, 1), np.int8)},
    {"output_logits": None}, {"output_logits": np.zeros((36, 3), np.int8)},
    {"reset": np.zeros(36, bool)},
])
def test_bad_integer_vectors_are_one_error(artefact: Path, arrays: dict[str, Any]) -> None:
    change(artefact, "vectors_q.npz", **arrays)
    with pytest.raises(FileFormatError):
        puffer_edge.verify(artefact, target="host")


def test_wrong_integer_vectors_fail(artefact: Path) -> None:
    with np.load(artefact / "vectors_q.npz") as data:
        change(artefact, "vectors_q.npz", output_logits=data["output_logits"] + np.int8(1))
    report = puffer_edge.verify(artefact, target="cortex-m0", min_agreement=0)
    assert [check.name for check in report.checks if check.verdict == "failed"] == [
        "outputs and actions on Arm Cortex-M0 from integers equal the oracle's bits"]


@pytest.mark.parametrize(("place", "value"), [
    (("outputs", 0, "scale"), 0), (("outputs", 0, "scale"), -1.0),
    (("outputs", 0, "scale"), float("nan")), (("outputs", 0, "scale"), "1"),
    (("outputs", 0, "scale"), None), (("outputs", 0, "zero_point"), 0.5),
    (("outputs", 0, "zero_point"), 10**9), (("outputs", 0, "size"), 10**12),
    (("observation", "integers", "dtype"), "float32"), (("observation", "integers"), []),
    (("observation", "integers"), {}), (("observation", "integers", "scale"), [1.0]),
    (("observation", "integers", "offset"), [float("inf"), 0.0]),
    (("states", 0, "low"), 10**20), (("states", 0, "high"), "x"), (("states", 0, "shape"), [0]),
    (("states", 0, "shape"), "ab"), (("states",), {}),
])
def test_a_bad_meaning_is_one_error(artefact: Path, place: tuple[str | int, ...],
                                    value: Any) -> None:
    path = artefact / "policy.json"
    manifest = json.loads(path.read_text())
    inner = manifest
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path.write_text(json.dumps(manifest))
    with pytest.raises(FileFormatError, match="manifest"):
        puffer_edge.verify(artefact, target="host")


def test_another_original_fails(artefact: Path) -> None:
    """The float policy beside it is compared too: a changed one drifts from the start."""
    path = artefact / "original.npz"
    program = from_bytes(path.read_bytes())
    path.write_bytes(to_bytes(program.with_ops(program.ops, {
        name: -array for name, array in program.constants.items()})))
    report = puffer_edge.verify(artefact, target="host")
    sizes = {check.name: check.detail for check in report.checks}
    assert float(sizes["the error does not grow over 100,000 steps"].split()[1]) > 0.1
    assert "files are those that export wrote" in {
        check.name for check in report.checks if check.verdict == "failed"}


def test_a_missing_file_is_one_error(artefact: Path) -> None:
    (artefact / "judge.npz").unlink()
    with pytest.raises(FileFormatError, match="judge"):
        puffer_edge.verify(artefact, target="host")


def test_a_missing_original_is_one_error(artefact: Path) -> None:
    (artefact / "original.npz").unlink()
    with pytest.raises(FileFormatError, match=r"original\.npz"):
        puffer_edge.verify(artefact, target="host")
