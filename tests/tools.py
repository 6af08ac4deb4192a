# SPDX-License-Identifier: MIT
"""Programs that a test calls."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


def need(*programs: str) -> None:
    """Skips the test that calls this when a program is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def need_micropython() -> None:
    """Skips the test that calls this where MicroPython for WebAssembly is not installed."""
    from puffer_edge.verification.micropython.interpreters import find_webassembly

    need("node")
    if find_webassembly() is None:
        pytest.skip("MicroPython for WebAssembly is not installed; `make test` brings it")


def need_microbit() -> None:
    """Skips the test that calls this where QEMU or the micro:bit's MicroPython is missing."""
    from puffer_edge.verification.micropython.microbit import find_microbit

    if not find_microbit():
        pytest.skip("qemu-system-arm or firmware-microbit-micropython is not installed")


def need_instructions(unit: str) -> None:
    """Skips the test that calls this where the processor has not the instructions of that name."""
    try:
        known = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        known = []
    if unit not in known:
        pytest.skip(f"this processor has no {unit}")
