# SPDX-License-Identifier: MIT
"""One protocol for exporters: what they take is used, what they do not take is refused by name."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import puffer_edge
from puffer_edge.errors import MissingDependencyError, PolicyWarning, PufferEdgeError, UsageError
from puffer_edge.exporters import formats
from puffer_edge.exporters.exporter import FLAGS
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest
from puffer_edge.robot import Action, RobotContract, Term
from puffer_edge.shield import Wish
from puffer_edge.targets import EXPORTED
from tests import zoo
from tests.support.exporting import write_artefact

SET: dict[str, Any] = {
    "calibrate": "env:CartPole-v1", "steps": 100, "observe": (0,), "layers": {"a": "int8"},
    "observer": "mse", "min_agreement": 0.5, "counts": {"a": (1.0, 0.0)}, "board": "pico",
    "kernels": "viper", "helium_float": True, "url": "https://example.org",
    "contract": RobotContract("", 0.02, (Term("speed", "sensor", 1),),
                              Action(1, ("torque",), (0,)), 1),
    "shield": Wish(), "black_box": (8, 4), "weights": 1}
"""Every option, other than by default."""
BOARDS = {"cortex-m": "uno-r4", "rpi": "raspberry-pi-4"}
"""One of the target's core; another one is refused before the file is looked for."""
SCHEMES = sorted({scheme for each in EXPORTERS.values() for scheme in each.schemes})


def test_every_target_has_an_exporter() -> None:
    assert set(EXPORTERS) == set(EXPORTED)
    assert set(SET) == set(FLAGS) <= {field.name for field in fields(ExportRequest)}


@pytest.mark.parametrize("target", ["cortex-m", "rpi", "micropython", "onnx", "tflite"])
def test_what_is_of_no_use_is_refused_before_anything_is_read(target: str) -> None:
    """The file does not exist, which only what is accepted finds out."""
    exporter = EXPORTERS[target]
    for scheme in exporter.schemes:
        for name, value in SET.items():
            given = {name: BOARDS.get(target, value) if name == "board" else value}
            if name in ("steps", "observe"):
                given["calibrate"] = SET["calibrate"]
            if name in exporter.options(scheme):
                with pytest.raises(PufferEdgeError, match="nowhere"):
                    puffer_edge.export("nowhere.pt", target=target, scheme=scheme, **given)
            else:
                with pytest.raises(UsageError, match=f"({target}|{scheme}) takes no "):
                    puffer_edge.export("nowhere.pt", target=target, scheme=scheme, **given)
    for scheme in set(SCHEMES) - set(exporter.schemes):
        with pytest.raises(UsageError, match=r"scheme|MicroPython takes integer policies only"):
            puffer_edge.export("nowhere.pt", target=target, scheme=scheme)


@pytest.mark.parametrize("option", ["steps", "observe"])
def test_where_nothing_is_played_there_are_no_steps(option: str) -> None:
    with pytest.raises(UsageError, match="nothing is played"):
        puffer_edge.export("nowhere.pt", scheme="int8", calibrate="bounds:-1:1",
                           **{option: SET[option]})


@pytest.mark.parametrize("target", ["cortex-m3", "micropython", "onnx", "tflite"])
def test_the_main_file_is_there(target: str, tmp_path: Path) -> None:
    scheme = "int8" if target == "micropython" else "float32"
    write_artefact(zoo.program("mlp_int8" if scheme == "int8" else "mlp"), tmp_path / "a",
                   target=target, scheme=scheme)
    manifest = json.loads((tmp_path / "a" / "policy.json").read_text())
    assert manifest["target"] == target and EXPORTERS[target].main_file in manifest["files"]


def test_a_model_whose_package_is_missing_is_left_out_of_an_artefact_for_linux(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ziglang")
    onnx, tflite = formats.FORMATS["onnx"], formats.FORMATS["tflite"]

    def missing(*_: object) -> bytes:
        raise MissingDependencyError("writing ONNX needs onnx", hint="pip install onnx")

    monkeypatch.setitem(formats.FORMATS, "onnx", replace(onnx, write=missing))
    with pytest.warns(PolicyWarning, match="policy.onnx is left out"):
        write_artefact(zoo.program("mlp"), tmp_path / "a", target="rpi")
    manifest = json.loads((tmp_path / "a" / "policy.json").read_text())
    assert onnx.file not in manifest["files"] and tflite.file in manifest["files"]
    assert [note["text"] for note in manifest["notes"] if note["kind"] == "warning"] == [
        "policy.onnx is left out: writing ONNX needs onnx; pip install onnx"]
