# SPDX-License-Identifier: MIT
"""Idioms of Python, each in a line: some do something else in MicroPython, or nothing.

``\\n`` ends a line of the program. The checker and the real interpreters have to agree about each.
"""

from __future__ import annotations

from pathlib import Path


def idioms() -> list[str]:
    """The programs."""
    lines = Path(__file__).with_name("idioms.txt").read_text("utf-8").splitlines()
    return [line.replace("\\n", "\n") for line in lines]
