# SPDX-License-Identifier: MIT
"""MicroPython's unix port for 32-bit Arm, under qemu-arm: it runs viper and native code."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SECONDS = 300


def root() -> Path:
    """Where ``.ci/armhf`` puts it."""
    named = os.environ.get("PUFFER_EDGE_MICROPYTHON_ARMHF")
    return Path(named) if named else Path(__file__).parents[2] / ".micropython-armhf"


def need_armhf() -> None:
    """Skips the test that calls this where it is missing."""
    if shutil.which("qemu-arm") is None or not (root() / "usr/bin/micropython").is_file():
        pytest.skip("qemu-arm or MicroPython for armhf is not installed; .ci/armhf brings it")


def run_armhf(folder: Path, code: str, heap: int = 0) -> tuple[int, str]:
    """Runs code in a folder; the exit code, and what it prints.

    Args:
        folder: the working directory.
        code: Python.
        heap: bytes; the port's own by default.
    """
    done = subprocess.run(
        ["qemu-arm", "-L", str(root()), str(root() / "usr/bin/micropython"),
         *(["-X", f"heapsize={heap}"] if heap else []), "-c", code],
        cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS)
    return done.returncode, done.stdout + done.stderr
