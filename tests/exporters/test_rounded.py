# SPDX-License-Identifier: MIT
"""What export says of a format's integers is what its runtime does; and that runtime takes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge import runtimes
from puffer_edge.artefact.directory import read_manifest
from puffer_edge.artefact.program_file import from_bytes
from puffer_edge.exporters.formats import FORMATS
from puffer_edge.interpreter import Interpreter
from puffer_edge.quantization.calibration import calibrate
from tests import zoo
from tests.support.exporting import export_calibrated

pytest.importorskip("onnxruntime")
pytest.importorskip("flatbuffers")


def exported(case: str, target: str, scheme: str, folder: Path, steps: int = 400) -> Path:
    return export_calibrated(zoo.program(case), folder / "seen", steps=steps, target=target,
                             scheme=scheme)


@pytest.mark.parametrize(("case", "target", "scheme", "fails"), [
    ("joined", "tflite", "int8", True), ("joined", "onnx", "int8", False),
    ("attention", "onnx", "int8", False), ("mlp", "tflite", "int8x16", False)])
def test_export_says_what_verify_finds(case: str, target: str, scheme: str, fails: bool,
                                       tmp_path: Path) -> None:
    directory = exported(case, target, scheme, tmp_path)
    told = [note["text"] for note in read_manifest(directory)["notes"]
            if note["text"].startswith("verify will fail")]
    assert bool(told) == fails
    report = puffer_edge.verify(directory)
    verdicts = [check.verdict for check in report.checks if "agree with the float" in check.name]
    assert (verdicts == ["failed"]) == fails and report.passed != fails


@pytest.mark.parametrize(("case", "target"), [
    ("lstm", "onnx"), ("conv_1d", "onnx"), ("attention", "onnx"), ("lstm", "tflite"),
    ("conv_1d", "tflite")])
def test_the_rounding_program_is_what_the_runtime_computes(case: str, target: str,
                                                           tmp_path: Path) -> None:
    """Nearly always to the bit of a step; a sum at an edge may fall to either side."""
    directory = exported(case, target, "int8", tmp_path, 100)
    float_policy = from_bytes((directory / "program.npz").read_bytes())
    chosen, rows = FORMATS[target], np.load(tmp_path / "seen.npz")["observations"]
    prepared = chosen.prepare(float_policy)
    half = rows[:50]
    ranges = calibrate(prepared, half, np.arange(50) == 0, "minmax")
    rounded = Interpreter(chosen.rounded(prepared, "int8", ranges))
    exact = Interpreter(float_policy)
    ours, theirs, floats = [], [], []
    with runtimes.load(directory) as policy:
        for x in rows[50:90]:
            policy.step(x)
            name = policy.program.output_names[0]
            ours.append(rounded.step(x)[name])
            theirs.append(policy.outputs[name])
            floats.append(exact.step(x)[name])
    rounding = np.abs(np.array(theirs) - np.array(floats)).mean()
    assert np.abs(np.array(ours) - np.array(theirs)).mean() < 0.1 * rounding
