# SPDX-License-Identifier: MIT
"""`export --board` and `verify --board`: the board's target, and whether it has the memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import puffer_edge
from puffer_edge.boards import FOLDER, boards
from puffer_edge.errors import UsageError
from puffer_edge.exporters.aiming import aim
from tests import zoo


@pytest.mark.parametrize(("target", "board", "meant"), [
    ("", "", "cortex-m4"), ("", "pico", "cortex-m0"), ("m7", "", "cortex-m7"),
    ("cortex-m4f", "Nucleo F411RE", "cortex-m4"), ("", "rpi4", "rpi"), ("rpi", "rpi4", "rpi"),
    ("", "esp32-c6", "riscv32"), ("mpy", "esp32", "micropython"), ("onnx", "pico", "onnx")])
def test_a_board_means_a_target(target: str, board: str, meant: str) -> None:
    assert aim(target, board)[0] == meant


@pytest.mark.parametrize(("target", "board", "says"), [
    ("cortex-m4", "pico", r"Raspberry Pi Pico has a cortex-m0\+, which is no cortex-m4"),
    ("", "esp32", "C is not compiled for a xtensa-lx6 here"), ("", "pcio", "did you mean pico"),
    ("cortex-m9", "pico", "there is no target"), ("host", "pico", "which is no host")])
def test_what_does_not_fit_each_other(target: str, board: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        aim(target, board)


def test_every_board_aims_or_says_why() -> None:
    for board in boards().values():
        if board.core.target:
            assert aim("", board.name)[1] is board
        else:
            with pytest.raises(UsageError, match="C is not compiled"):
                aim("", board.name)


def test_a_policy_that_does_not_fit_is_one_error(tmp_path: Path) -> None:
    """Nothing is written; nor where the board is unknown."""
    small = (FOLDER / "nucleo-f411re.toml").read_text()
    (tmp_path / "small.toml").write_text(small.replace("left = 131_072", "left = 16"))
    program = zoo.program("lstm")
    with pytest.raises(UsageError, match=r"does not fit .* of RAM, without code and stack, of 16"):
        puffer_edge.export(program, tmp_path / "a", board=str(tmp_path / "small.toml"))
    with pytest.raises(UsageError, match="there is no board"):
        puffer_edge.export(program, tmp_path / "a", board="small")
    with pytest.raises(UsageError, match="takes no board"):
        puffer_edge.export(program, tmp_path / "a", target="onnx", board="pico")
    assert not (tmp_path / "a").exists()


def test_verify_tells_whether_it_fits(tmp_path: Path) -> None:
    folder = puffer_edge.export(zoo.program("mlp"), tmp_path / "a", board="RPi Pico")
    manifest = json.loads((folder / "policy.json").read_text())
    assert manifest["target"] == "cortex-m0" and manifest["board"] == "pico"
    report = puffer_edge.verify(folder, native=False)
    (check,) = (each for each in report.checks if "Raspberry Pi Pico" in each.name)
    assert report.passed and check.verdict == "passed" and "of 270,336" in check.detail
    assert report.target == "cortex-m0"
    with pytest.raises(UsageError, match="which is no cortex-m4"):
        puffer_edge.verify(folder, target="cortex-m4", board="pico")
