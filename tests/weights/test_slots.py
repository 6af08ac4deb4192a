# SPDX-License-Identifier: MIT
"""Weights in two slots of flash: whatever cuts an update, a whole policy runs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.blackbox.logs import STRICT
from tests.tools import need
from tests.weights.trained import firmware

SIMULATOR = Path(__file__).parent / "flash.c"


def simulated(made: list[Path], folder: Path, compiler: str = "gcc", ways: int = 1,
              ) -> subprocess.CompletedProcess[str]:
    """Runs the simulator: the first directory is the firmware, all are blobs."""
    subprocess.run([compiler, "-std=c99", "-O2", *STRICT, f"-DWAYS={ways}u", f"-I{made[0]}",
                    str(SIMULATOR), str(made[0] / "policy.c"), "-o", str(folder / "flash")],
                   check=True, timeout=120)
    blobs = [str(directory / "policy_weights.bin") for directory in made]
    return subprocess.run([str(folder / "flash"), *blobs], capture_output=True, text=True,
                          timeout=900, check=False)


def five(folder: Path, case: str = "mlp", scheme: str = "int8") -> list[Path]:
    return [firmware(case, folder / str(seed), seed, scheme, max(seed, 1)) for seed in range(5)]


@pytest.mark.parametrize("case,scheme,compiler,ways", [
    ("one_layer", "int8", "gcc", 1),
    *(pytest.param(*each, marks=pytest.mark.exhaustive) for each in (
        ("one_layer", "float32", "clang", 8), ("mlp", "int8", "gcc", 8),
        ("mlp", "float32", "gcc", 8), ("lstm", "int8", "clang", 8),
        ("lstm", "float32", "clang", 8), ("gru", "int16", "gcc", 8)))])
def test_a_cut_after_every_word_leaves_a_whole_policy(
        case: str, scheme: str, compiler: str, ways: int, tmp_path: Path) -> None:
    need(compiler)
    made = five(tmp_path, case, scheme)
    blobs = [(directory / "policy_weights.bin").read_bytes() for directory in made]
    assert len({blob[64:] for blob in blobs}) == 5
    done = simulated(made, tmp_path, compiler, ways)
    found = re.fullmatch(r"(\d+) cuts (\d+) recoveries\n", done.stdout)
    assert done.returncode == 0 and found, done.stdout + done.stderr
    words = len(blobs[0]) // 4
    assert int(found[1]) == 8 * (4 * (1 + words) + 4 + 3)  # installations, trials, confirmations
    assert int(found[2]) == 3 * ways * int(found[1])


FAULTS = {
    "a new one is not marked": ("(is_new == 0 || ", "(is_new == 0 || is_new == 1 || "),
    "what is tried is permanent": ("marks[1] == ZOO_CONFIRMED", "marks[0] == 0u"),
    "the running slot is erased": ("slots->running == 0 ? 1 : 0", "slots->running == 0 ? 0 : 1"),
    "a tear of a mark is none": (
        "marks[0] == 0xffffffffu && marks[1] == 0xffffffffu", "marks[0] != 0u && marks[1] != 0u"),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_slots_is_found(fault: str, tmp_path: Path) -> None:
    need("gcc")
    made = five(tmp_path)
    header = made[0] / "policy_weights.h"
    before, after = FAULTS[fault]
    assert header.read_text().count(before) == 1
    header.write_text(header.read_text().replace(before, after))
    assert simulated(made, tmp_path, ways=8).returncode == 1
