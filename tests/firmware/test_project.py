# SPDX-License-Identifier: MIT
"""The examples for boards build, and run their self-test on the emulated board."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from puffer_edge.errors import FileFormatError, OutputError, UsageError
from puffer_edge.firmware.project import project
from tests.support.exporting import export_as_it_is
from tests.tools import need


def export(directory: Path, case: str = "lstm_int8") -> Path:
    """For a core without an FPU, by the name that the projects of these tests have."""
    return export_as_it_is(case, directory, target="cortex-m0", name="lander")


def make(folder: Path, *goals: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-C", str(folder), *goals], capture_output=True, text=True,
                          check=False, timeout=120)


@pytest.mark.parametrize("board", ["stm32f4", "nrf52", "microbit"])
def test_it_builds_without_a_warning(board: str, tmp_path: Path) -> None:
    need("make", "arm-none-eabi-gcc")
    done = project(export(tmp_path / "a"), board, tmp_path / "p")
    assert done.files == ["Makefile", "link.ld", "main.c", "policy.c", "policy.h", "startup.c"]
    done = make(tmp_path / "p")
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
    image = (tmp_path / "p" / "policy.bin").read_bytes()
    stack, entry = (int.from_bytes(image[at : at + 4], "little") for at in (0, 4))
    assert stack >> 28 == 2 and entry & 1


@pytest.mark.parametrize("case", ["mlp", "lstm_int8"])
@pytest.mark.parametrize("board", ["stm32f4", "microbit"])
def test_it_runs_on_the_emulated_board(case: str, board: str, tmp_path: Path) -> None:
    need("make", "arm-none-eabi-gcc", "qemu-system-arm")
    project(export(tmp_path / "a", case), board, tmp_path / "p")
    done = make(tmp_path / "p", "qemu")
    assert done.returncode == 0, done.stderr
    assert "selftest: good" in done.stdout + done.stderr
    header = tmp_path / "p" / "policy.h"
    text = header.read_text()
    start = text.index("{", text.index(" lander_w0["))  # the first matrix
    digit = next(at for at in range(start, len(text)) if text[at] in "12345678")
    header.write_text(text[:digit] + "9" + text[digit + 1:])
    done = make(tmp_path / "p", "qemu")
    assert "selftest: wrong" in done.stdout + done.stderr and done.returncode != 0


def test_micropython_is_copied(tmp_path: Path) -> None:
    export_as_it_is("mlp_int8", tmp_path / "a", target="micropython", board="pico")
    done = project(tmp_path / "a", "pico", tmp_path / "p")
    assert {"main.py", "weights.bin", "policy_kernels.mpy", "manifest.py", "Makefile"} <= set(
        done.files)
    assert "mpremote cp" in (tmp_path / "p" / "Makefile").read_text()


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    export(tmp_path / "a")
    with pytest.raises(UsageError, match="no bare-metal project for esp32"):
        project(tmp_path / "a", "esp32", tmp_path / "p", framework="bare-metal")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        project(tmp_path / "a", "nrf52", tmp_path / "full")
    (tmp_path / "a" / "policy.h").write_text("changed")
    with pytest.raises(FileFormatError, match="not the one that export wrote"):
        project(tmp_path / "a", "nrf52", tmp_path / "p")
    assert not (tmp_path / "p").exists()


def test_the_policy_is_renewed_beside_what_is_the_users(tmp_path: Path) -> None:
    made = tmp_path / "p"
    project(export(tmp_path / "a"), "stm32f4", made)
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    (made / "main.c").write_text("int main(void) { return 0; }")
    (made / "sensors.c").write_text("mine")
    (made / "startup.c").unlink()
    project_of_mlp = export(tmp_path / "b", "mlp")
    done = project(project_of_mlp, "nrf52", made)
    assert done.kept == ["main.c"]
    assert done.files == ["Makefile", "link.ld", "policy.c", "policy.h", "startup.c"]
    after = {path.name: path.read_bytes() for path in made.iterdir()}
    assert after["policy.h"] == (project_of_mlp / "policy.h").read_bytes() != before["policy.h"]
    assert after["sensors.c"] == b"mine" and after["main.c"].startswith(b"int main")
    assert after["link.ld"] != before["link.ld"]  # another board, and nobody had touched it
    (made / "policy.h").unlink()
    (made / "policy.h").symlink_to(made / "sensors.c")
    with pytest.raises(OutputError, match=r"policy\.h there is not a file that puffer-edge wrote"):
        project(project_of_mlp, "nrf52", made)
    assert (made / "sensors.c").read_text() == "mine"


def test_the_command_line(tmp_path: Path) -> None:
    export(tmp_path / "a")
    done = subprocess.run(
        [sys.executable, "-m", "puffer_edge", "firmware", str(tmp_path / "a"), "--board", "nrf52",
         "-o", str(tmp_path / "p")], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "main.c" in done.stdout, done.stderr
