# SPDX-License-Identifier: MIT
"""``--help`` is seen at once, targets and boards are listed, and shells complete their names."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from puffer_edge.cli import app
from puffer_edge.cli.printing import console
from puffer_edge.errors import UsageError
from puffer_edge.exporters.micropython.boards import find_profile, profiles
from puffer_edge.targets import ALIASES, EXPORTED, find_exported, find_target

COMMANDS = [command.name or command.callback.__name__.replace("_", "-")
            for command in app.registered_commands if command.callback]


def run(*arguments: str, columns: int = 100) -> str:
    # A console has the width of COLUMNS when it is made: under pytest-xdist the one of the runner.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console._console, "_width", columns)
        done = CliRunner().invoke(app, list(arguments), prog_name="puffer-edge",
                                  env={"COLUMNS": str(columns), "TERM": "xterm"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_terminal(command: str) -> None:
    """... of 100 columns and 60 lines, whole: nothing is cut off."""
    lines = run(*filter(None, [command]), "--help").splitlines()
    assert len(lines) <= 60 and max(map(len, lines)) <= 100
    assert not any("\N{HORIZONTAL ELLIPSIS}" in line for line in lines)
    wide = run(*filter(None, [command]), "--help", columns=400).split()
    assert "--help" in wide and wide == " ".join(lines).split()


def test_options_of_export_stand_under_their_headings() -> None:
    text = run("export", "--help")
    places = [text.index(f"\n{words}") for words in (
        "Options\n", "Integers\n", "MicroPython\n", "What the file lacks\n")]
    places.insert(1, text.index("  --target "))
    places.insert(3, text.index("  --calibrate "))
    places.insert(5, text.index("  --kernels "))
    places.append(text.index("  --activation "))
    assert places == sorted(places)


def test_every_target_and_board_is_listed() -> None:
    data = json.loads(run("targets", "--json"))
    assert set(data) == set(EXPORTED) >= {"cortex-m", "rpi", "micropython", "onnx", "tflite"}
    assert set(data["micropython"]["boards"]) == set(profiles())
    shown = run("targets").split()
    assert {*EXPORTED, *profiles()} <= set(shown)
    assert "esp32-c6" in data["riscv32"]["aliases"]
    assert "esp32c6" in data["micropython"]["boards"]["esp32-c6"]["aliases"]


@pytest.mark.parametrize(("typed", "name"), [
    ("stm32f4", "cortex-m4"), ("cortex-m4f", "cortex-m4"), ("Cortex_M4F", "cortex-m4"),
    ("RP2040", "cortex-m0"), ("esp32-c3", "riscv32"), ("ESP32-C6", "riscv32"),
    ("Teensy4", "cortex-m7"), ("rpi4", "rpi"), ("Raspberry Pi", "rpi"), ("MicroPython",
                                                                        "micropython")])
def test_what_people_call_a_target(typed: str, name: str) -> None:
    assert find_exported(typed) is EXPORTED[name]


@pytest.mark.parametrize(("typed", "hint"), [
    ("arduino", "cortex-m4, due is cortex-m3"), ("cortex-m5", "did you mean cortex-m"),
    ("esp32", "micropython"), ("stm32", "stm32f4"), ("z80", "choose one of cortex-m"),
    ("tensy4", "did you mean teensy4"), ("x" * 999, "choose one of")])
def test_what_is_no_target(typed: str, hint: str) -> None:
    with pytest.raises(UsageError, match="there is no target") as error:
        find_exported(typed)
    assert hint in str(error.value) and len(str(error.value)) < 400


def test_aliases_mean_something_and_hide_nothing() -> None:
    assert set(ALIASES.values()) <= set(EXPORTED) and not set(ALIASES) & set(EXPORTED)
    assert find_profile("ESP32_C6") is profiles()["esp32-c6"]
    assert find_profile("nrf52") is profiles()["nrf52840-dk"]
    assert find_profile("CPython") is profiles()["unix"]
    assert find_target("teensy41") is EXPORTED["cortex-m7"]
    with pytest.raises(UsageError):
        find_target("mpy")  # no core that C is compiled for


@pytest.mark.parametrize(("words", "completed"), [
    ("export --target rp", "rpi"), ("export --board pi", "pico2"), ("verify --target ho", "host"),
    ("export --scheme int8x", "int8x16"), ("export --activation ge", "gelu"),
    ("inspect --accept action-k", "action-kind"), ("run --backend nat", "native"),
    ("exp", "export"),
])
def test_shells_complete_names(words: str, completed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "puffer_edge"], capture_output=True, text=True, check=False,
        env={**os.environ, "_PUFFER_EDGE_COMPLETE": "complete_bash",
             "COMP_WORDS": f"puffer-edge {words}", "COMP_CWORD": str(len(words.split()))})
    assert completed in done.stdout.split(), done.stdout + done.stderr
