# SPDX-License-Identifier: MIT
"""The public functions: named and typed as the command line's options, arrays where they fit."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

import puffer_edge
from puffer_edge.cli import app
from puffer_edge.errors import FileFormatError, OutputError, UsageError
from puffer_edge.wording import NAMES
from tests import zoo

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
FUNCTIONS = ["load", "inspect", "export", "verify", "calibrate", "play", "bench", "check", "flash",
             "firmware", "doctor"]
ONLY_TYPED = {"json", "help", "strict", "format", "explain", "dry-run", "directory", "output",
              "statistics", "write-baseline", "compose", "no-page", "badge"}
"""Options that say how a command prints, or an argument in Python."""
ONLY_IN_PYTHON = {"progress", "second_reader", "options", "example", "observation_shape", "policy",
                  "paths", "output", "directory", "strict", "accept", "keep_value", "observation",
                  "module"}
SPELLED = {"no-native": "native", "no-original": "original", **NAMES}


def test_everything_public_is_there_and_documented() -> None:
    assert set(FUNCTIONS) <= set(puffer_edge.__all__) <= set(dir(puffer_edge))
    for name in puffer_edge.__all__:
        assert getattr(puffer_edge, name).__doc__, name
    with pytest.raises(AttributeError):
        puffer_edge.nothing  # noqa: B018


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_is_named_and_typed(name: str) -> None:
    for each in inspect.signature(getattr(puffer_edge, name)).parameters.values():
        assert each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
        assert each.annotation not in (each.empty, "Any", Any) or each.name == "example"
    with pytest.raises(UsageError):
        getattr(puffer_edge, name)(optimise=True)


@pytest.mark.parametrize(("command", "function"), [
    *((name, name) for name in FUNCTIONS[1:] if name not in ("calibrate", "play")),
    ("run", "play")])
def test_options_are_parameters(command: str, function: str) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    typed = {max(each.opts, key=len).removeprefix("--") for each in commands[command].params
             if each.param_type_name == "option"}
    taken = {SPELLED.get(name, name.replace("-", "_")) for name in typed - ONLY_TYPED}
    parameters = set(inspect.signature(getattr(puffer_edge, function)).parameters)
    assert taken <= parameters
    if command in ("export", "inspect"):
        assert parameters - taken <= ONLY_IN_PYTHON


@pytest.fixture(scope="module")
def observations() -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).normal(size=(400, 6)).astype(np.float32)


def test_observations_as_arrays_paths_and_recordings(observations: np.ndarray[Any, Any],
                                                     tmp_path: Path) -> None:
    """... give the same artefact."""
    program, reset = zoo.program("mlp"), np.arange(400) % 100 == 0
    recording = puffer_edge.calibrate(program, {"observations": observations, "reset": reset})
    recording.save(tmp_path / "file.npz")
    for name, given in {"recording": recording, "path": tmp_path / "file.npz",
                        "text": str(tmp_path / "file.npz"),
                        "arrays": {"observations": observations, "reset": reset}}.items():
        puffer_edge.export(program, tmp_path / name, name="p", scheme="int8", calibrate=given)
    headers = {(tmp_path / name / "policy.h").read_bytes()
               for name in ("recording", "path", "text", "arrays")}
    assert len(headers) == 1
    puffer_edge.export(program, tmp_path / "one", name="p", scheme="int8",
                       calibrate=observations.tolist())
    for wrong in (np.zeros(4), [[1.0], [1.0, 2.0]], {"x": observations}, np.zeros((4, 2), object)):
        with pytest.raises(FileFormatError):
            puffer_edge.export(program, tmp_path / "x", scheme="int8", calibrate=wrong)
    with pytest.raises(UsageError, match="does not fit the policy's 6 observations"):
        puffer_edge.calibrate(program, observations[:, :5])
    assert not (tmp_path / "x").exists()


def test_a_reference_of_arrays(observations: np.ndarray[Any, Any], tmp_path: Path) -> None:
    program = zoo.program("mlp")
    puffer_edge.export(program, tmp_path / "a", name="p")
    with puffer_edge.runtimes.load(tmp_path / "a", "numpy") as policy:
        rows = []
        for row in observations[:20]:
            policy.step(row)
            rows.append(policy.outputs[program.output_names[0]])
    report = puffer_edge.verify(tmp_path / "a", target="host", reference={
        "observations": observations[:20], "outputs": np.stack(rows)})
    assert report.passed and report.measurements["reference_error"] == 0
    with pytest.raises(FileFormatError, match="not as many observations"):
        puffer_edge.verify(tmp_path / "a", target="host", reference={
            "observations": observations, "outputs": np.stack(rows)})
    with pytest.raises(UsageError, match="for original=, which is missing"):
        puffer_edge.verify(tmp_path / "a", squash=True)


def test_a_program_in_one_line() -> None:
    assert repr(zoo.program("mlp")) == (
        "<Program of a test: observation obs [6]; action discrete [5]; 5 ops, 158 parameters>")
    assert "\n" not in repr(zoo.program("lstm")) and "states" in repr(zoo.program("lstm"))


def test_playing_timing_and_checking(tmp_path: Path) -> None:
    program = zoo.program("mlp")
    (numpy,) = puffer_edge.bench(program, backends="numpy", seconds=0.01)
    assert numpy.backend == "numpy" and numpy.steps
    with pytest.raises(UsageError, match="only a policy file takes options"):
        puffer_edge.bench(program, squash=True)
    with pytest.raises(UsageError, match=r"native=False and the back end native"):
        puffer_edge.bench(program, backends=["native"], native=False)
    (tmp_path / "main.py").write_text("import nowhere_to_be_found\n")
    found = puffer_edge.check(tmp_path / "main.py", select=["PE2"])
    assert found.exit_code == (1 if found.findings else 0) and found.files == 1
    with pytest.raises(UsageError, match="there is no rule"):
        puffer_edge.check([tmp_path], select="X1")


def test_firmware_is_a_room_and_a_function(tmp_path: Path) -> None:
    import puffer_edge.firmware.project  # as others have, before

    puffer_edge.export(zoo.program("mlp"), tmp_path / "a", name="p")
    done = puffer_edge.firmware(tmp_path / "a", "stm32f4", tmp_path / "p")
    assert "main.c" in done.files and puffer_edge.firmware.project
    with pytest.raises(OutputError, match="no project"):
        puffer_edge.firmware(tmp_path / "a", "stm32f4", tmp_path / "a")
