# SPDX-License-Identifier: MIT
"""The table of verifiers: what does not fit an artefact is refused before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import puffer_edge
from puffer_edge.errors import UsageError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.targets import EXPORTED
from puffer_edge.verification.verifiers import VERIFIERS, look_up
from tests import zoo
from tests.support.exporting import export_calibrated


def exported(folder: Path, target: str, board: str = "", scheme: str = "float32") -> Path:
    return export_calibrated(zoo.program("mlp"), folder / "a", target=target, board=board,
                             scheme=scheme)


@pytest.mark.parametrize(("target", "wanted"), [
    ("cortex-m4", "rpi"), ("host", "onnx"), ("riscv32", "micropython"), ("onnx", "tflite"),
    ("tflite", "cortex-m"), ("onnx", "host")])
def test_another_kind_is_refused_and_the_report_stays(target: str, wanted: str,
                                                      tmp_path: Path) -> None:
    if target in ("onnx", "tflite"):
        pytest.importorskip({"onnx": "onnx", "tflite": "flatbuffers"}[target])
    directory = exported(tmp_path, target)
    (directory / "report.json").write_text("what was found before")
    with pytest.raises(UsageError, match="exported for") as error:
        puffer_edge.verify(directory, target=wanted)
    assert ("cortex-m4" if wanted == "cortex-m" else wanted) in error.value.hint
    assert (directory / "report.json").read_text() == "what was found before"


@pytest.mark.parametrize(("about", "options"), [
    ({"target": "cortex-m4", "scheme": "float32"}, {"min_agreement": 0.9}),
    ({"target": "host", "scheme": "int8"}, {"emulator": "qemu"}),
    ({"target": "rpi", "scheme": "int8"}, {"emulator": "unicorn"}),
    ({"target": "onnx", "scheme": "int8"}, {"toolchain": "gcc"}),
    ({"target": "tflite", "scheme": "int8"}, {"optimize": "-O3"}),
    ({"target": "micropython", "scheme": "int8"}, {"emulator": "qemu"}),
    ({"target": "micropython", "scheme": "int8", "micropython": {"board": "microbit"}},
     {"reference": Path("r.npz")}),
    ({"target": "micropython", "scheme": "int8", "micropython": {"board": "microbit"}},
     {"max_error": 0.1}),
    ({"target": "cortex-m4", "scheme": "int8"}, {"optimize": "-Ofaster"})])
def test_what_would_be_ignored_is_refused(about: dict[str, Any], options: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as error:
        look_up(about, "", options)
    said = str(error.value).replace("-", "_")
    assert next(iter(options)) in said or "_Ofaster" in said
    look_up(about, "", {})


def test_every_target_has_a_verifier_that_takes_its_own_name() -> None:
    found = set()
    for name in EXPORTED:
        verifier, core = look_up({"target": name, "scheme": "int8"}, name, {})
        assert core is EXPORTED[name]
        found.add(type(verifier))
    small = look_up({"target": "micropython", "scheme": "int8",
                     "micropython": {"board": "microbit"}}, "", {})[0]
    assert found | {type(small)} == {type(each) for each in VERIFIERS}


@pytest.mark.parametrize("options", [{"run_original": True},
                                     {"options": LoadOptions(activation="tanh")}])
def test_what_is_told_of_a_file_needs_the_file(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"original.*, which is missing"):
        puffer_edge.verify(exported(tmp_path, "host"), **options)
