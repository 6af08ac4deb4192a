# SPDX-License-Identifier: MIT
"""Of each idiom the checker says what CPython and MicroPython, side by side, say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from puffer_edge.subset import Config, check_source
from puffer_edge.verification.micropython.interpreters import PINNED, run_webassembly
from tests.subset.idioms import idioms
from tests.tools import need_micropython

CONFIG = Config(port="webassembly", mpy_version=PINNED)
SCRIPT = Path(__file__).with_name("interpreter_idioms.py")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str | None, str | None]]:
    """What each idiom prints in CPython and in MicroPython; None where it raises."""
    need_micropython()
    found = []
    for here in (True, False):
        folder = tmp_path_factory.mktemp("idioms")
        (folder / "idioms.json").write_text(json.dumps(idioms()))
        (folder / SCRIPT.name).write_bytes(SCRIPT.read_bytes())
        if here:
            subprocess.run([sys.executable, "-I", "-W", "ignore", SCRIPT.name], cwd=folder,
                           check=True, capture_output=True)
        else:
            run_webassembly(folder, SCRIPT.name)
        found.append(json.loads((folder / "outcomes.json").read_text()))
    return list(zip(*found, strict=True))


def test_there_are_many() -> None:
    assert len(idioms()) >= 600


def test_idioms(outcomes: list[tuple[str | None, str | None]]) -> None:
    wrong = {}
    for source, (here, there) in zip(idioms(), outcomes, strict=True):
        report = check_source(source, CONFIG)
        if not report.problems and bool(report.findings) != (here != there):
            wrong[source] = (here, there, [str(finding) for finding in report.findings])
    assert wrong == {}
