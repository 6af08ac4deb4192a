# SPDX-License-Identifier: MIT
"""The Arduino library and its example, built by Debian's arduino-builder, run by simavr."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from puffer_edge.firmware.project import project
from tests.firmware.test_project import export
from tests.tools import need

HARDWARE = "/usr/share/arduino/hardware"
BUILDER = "/usr/share/arduino-builder"
SECONDS = 60


def says(image: Path, chip: str = "atmega2560") -> str:
    """What the sketch prints, until it has told the time of a step twice."""
    with subprocess.Popen(["simavr", "-m", chip, "-f", "16000000", str(image)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        said = ""
        for line in running.stdout:
            said += line
            if said.count("step us") == 2 or (
                    "selftest" in said and "selftest 0" not in said):
                break
        running.kill()
    return said


@pytest.mark.exhaustive
@pytest.mark.parametrize(("case", "board", "fqbn", "chip"), [
    ("mlp", "arduino-mega", "mega:cpu=atmega2560", "atmega2560"),
    ("lstm_int8", "arduino-mega", "mega:cpu=atmega2560", "atmega2560"),
    ("mlp_int8", "arduino-uno", "uno", "atmega328p")])
def test_the_example_runs_on_an_arduino(case: str, board: str, fqbn: str, chip: str,
                                        tmp_path: Path) -> None:
    need("arduino-builder", "simavr", "avr-gcc")
    library = tmp_path / "libraries" / "lander"
    project(export(tmp_path / "a", case), board, library, framework="arduino")
    build = tmp_path / "build"
    build.mkdir()
    done = subprocess.run(
        ["arduino-builder", "-compile", "-hardware", HARDWARE, "-hardware", BUILDER,
         "-tools", "/usr/bin", "-tools", BUILDER, "-libraries", str(library.parent),
         "-fqbn", f"arduino:avr:{fqbn}", "-build-path", str(build),
         # avr-gcc 5 has no DECIMAL_DIG in C++.
         "-prefs", "compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__",
         str(library / "examples" / "Control" / "Control.ino")],
        capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0 and "Sketch uses" in done.stdout, done.stdout + done.stderr
    said = says(build / "Control.ino.elf", chip)
    assert "selftest 0" in said, said
    step = re.search(r"step us (\d+) longest (\d+)", said)
    assert step is not None and 50 < int(step[1]) <= int(step[2]) < 20_000, said
