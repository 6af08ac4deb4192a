# SPDX-License-Identifier: MIT
"""Long work tells how far it is: a bar with the time left on a terminal, and nothing elsewhere."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.cli.printing import console
from puffer_edge.playing import play
from puffer_edge.progress import TIMES, Part, nobody, through
from puffer_edge.quantization.pipeline import Wish, to_integers
from puffer_edge.quantization.recording import Recording
from tests import zoo

POLICIES = Path(__file__).parents[2] / "examples" / "policies"


def test_a_part_is_a_text_that_counts() -> None:
    part = Part("calibrating", 20, 4000)
    assert part == "calibrating, 20 of 4,000" and (part.done, part.total) == (20, 4000)
    told: list[str] = []
    assert list(through(range(1234), "x", told.append)) == list(range(1234))
    assert len(told) <= TIMES and isinstance(told[0], Part) and told[-1].done > 1200
    assert list(through([], "x", told.append)) == [] == list(through([], "x", nobody))
    before = len(told)
    assert list(through(["only"], "x", told.append)) == ["only"] and len(told) == before


def test_calibration_and_rounding_count() -> None:
    told: list[str] = []
    observations = np.random.default_rng(0).standard_normal((120, 6)).astype(np.float32)
    to_integers(zoo.program("mlp"), Wish("int8", Recording(observations, np.arange(120) == 0)),
                told.append)
    counted = {text.text for text in told if isinstance(text, Part)}
    assert {"calibrating", "running the float policy", "rounding weights"} <= counted
    assert any(text.startswith("judging over the half") for text in counted)
    assert all(0 <= text.done < text.total for text in told if isinstance(text, Part))


def test_playing_counts() -> None:
    told: list[str] = []
    program = puffer_edge.load(POLICIES / "cartpole_sb3.zip")
    play(program, "CartPole-v1", backend="numpy", episodes=3, processes=1, progress=told.append)
    assert [text.done for text in told if isinstance(text, Part)] == [0, 1, 2]


@pytest.mark.parametrize("terminal", [True, False])
def test_bars_are_for_terminals(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(console, "_errors", console._Patient(
        file=out, force_terminal=terminal, width=100, color_system=None))
    with console.working("Verifying x[bold]", quiet=False) as tell:
        tell("building")
        tell(Part("running", 30, 120))
        tell(Part("running", 60, 120))
    said = out.getvalue()
    assert ("Verifying x[bold]: running" in said and "━" in said) if terminal else said == ""
    with console.working("x", quiet=True) as tell:
        tell(Part("running", 1, 2))
    assert out.getvalue() == said


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals there")
def test_a_real_terminal_shows_a_bar() -> None:
    import pty
    import subprocess

    ours, theirs = pty.openpty()
    script = ("from puffer_edge.cli.printing.console import working\n"
              "from puffer_edge.progress import Part\nimport time\n"
              "with working('Work', quiet=False) as tell:\n"
              "    for i in range(6):\n        tell(Part('counting', i, 6)); time.sleep(0.05)\n")
    done = subprocess.run([sys.executable, "-c", script], stderr=theirs, stdout=subprocess.PIPE,
                          check=True, env={**os.environ, "TERM": "xterm", "COLUMNS": "100"})
    os.close(theirs)
    said = os.read(ours, 1 << 16).decode("utf-8", "replace")
    os.close(ours)
    assert done.stdout == b"" and "counting" in said and re.search(r"\d:\d\d|-:--", said)
