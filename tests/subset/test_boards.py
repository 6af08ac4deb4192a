# SPDX-License-Identifier: MIT
"""Boards, firmware of others, and what a project adds."""

from __future__ import annotations

from pathlib import Path

import pytest

from puffer_edge.errors import UsageError
from puffer_edge.subset import Config, check_source
from puffer_edge.subset.config import read_config

NETWORK = "import network, socket, requests\nimport bluetooth"


@pytest.mark.parametrize(("board", "expected"), [
    ("RPI_PICO_W", 0), ("Pico W", 0), ("pico2w", 0), ("RPI_PICO", 3), ("pico", 3), ("pico 2", 3),
    ("W5500_EVB_PICO", 1), ("ESP32_GENERIC_S2", 1), ("esp32", 0), ("NUCLEO_WB55", 0),
    ("Nucleo F401RE", 1), ("pyboard", 1), ("", 0)])
def test_boards_have_what_their_firmware_has(board: str, expected: int) -> None:
    """By MPCONFIG and board files of MicroPython's ports."""
    source = NETWORK if "NUCLEO" not in board.upper() and board != "pyboard" else (
        "import network, socket\nimport bluetooth")
    found = check_source(source, Config(board=board)).findings
    assert len(found) == expected, found


def test_pins_of_a_board() -> None:
    source = "from machine import Pin\nPin.board.LED, Pin.board.GP0, Pin.board.%s"
    assert check_source(source % "WL_GPIO0", Config(board="RPI_PICO_W")).findings == []
    (found,) = check_source(source % "WL_GPIO0", Config(board="RPI_PICO")).findings
    assert "WL_GPIO0" in found.text
    assert check_source(source % "WL_GPIO0", Config(port="rp2")).findings == []
    assert check_source(source % "X", Config(board="ESP32_GENERIC")).findings == []


def test_a_board_brings_its_port() -> None:
    assert check_source("import esp32", Config(board="ESP32_GENERIC_S3")).findings == []
    assert len(check_source("import rp2", Config(board="ESP32_GENERIC_S3")).findings) == 1


@pytest.mark.parametrize("config", [
    Config(board="RPI_PICO", port="esp32"), Config(board="ZX81"), Config(board="-")])
def test_wrong_boards(config: Config) -> None:
    with pytest.raises(UsageError):
        check_source("", config)


def test_firmware_of_others() -> None:
    source = "import pyb, time, requests\nclock = time.clock()\nclock.tick()"
    assert len(check_source(source, Config(port="rp2")).findings) == 2
    assert check_source(source, Config(port="rp2", firmware="openmv")).findings == []
    with pytest.raises(UsageError):
        Config(firmware="opemv")


def test_a_project_adds_names(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.puffer-edge.check]\nknown-modules = ["dataclasses"]\nboard = "RPI_PICO"\n'
        '[tool.puffer-edge.check.names]\ntime = ["monotonic"]\nenum = ["Enum"]\n'
        '"machine.Pin" = ["fast"]\n')
    config = read_config(tmp_path)
    source = ("import dataclasses, enum, time, machine\nenum.Enum, time.monotonic, time.sleep\n"
              "machine.Pin.fast, machine.Pin.OUT\n%s")
    assert check_source(source % "", config).findings == []
    for missing in ("enum.Flag", "time.perf_counter", "machine.Pin.slow", "import typing"):
        assert len(check_source(source % missing, config).findings) == 1


def test_packages_of_computers_are_missing() -> None:
    found = check_source("import numpy, torch.nn, RPi.GPIO as GPIO, ssd1306").findings
    assert {finding.text.split("'")[1] for finding in found} == {"numpy", "torch.nn", "RPi.GPIO"}


def test_a_board_with_another_core_has_its_instructions() -> None:
    source = "import micropython\n@micropython.asm_thumb\ndef f(r0):\n    clz(r0, r0)\n"
    said = {board: [each.code for each in check_source(source, Config(board=board)).findings]
            for board in ("RPI_PICO", "RPI_PICO_W", "RPI_PICO2", "RPI_PICO2_W")}
    assert said == {"RPI_PICO": ["PE614"], "RPI_PICO_W": ["PE614"], "RPI_PICO2": [],
                    "RPI_PICO2_W": []}
