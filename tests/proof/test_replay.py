# SPDX-License-Identifier: MIT
"""Must hold: the log of a million steps is the oracle's in every bit."""

from __future__ import annotations

from pathlib import Path

import pytest

import puffer_edge
from tests.blackbox.logs import exported, written
from tests.tools import need

MILLION = 1_000_000
CASES = [("lstm_int8", "both", 400_000), ("masked", "floats", 200_000),
         ("min_gru_2_layers", "floats", 200_000), ("continuous_int16", "only", 200_000)]


@pytest.mark.exhaustive
@pytest.mark.parametrize("case,kind,steps", CASES)
def test_a_million_steps(case: str, kind: str, steps: int, tmp_path: Path) -> None:
    need("gcc")
    directory = exported(case, tmp_path / "a", steps, every=1000)
    found = puffer_edge.replay(written(directory, tmp_path, steps, kind, ("gcc", "-O2")), directory)
    assert found.damages == () and found.difference is None and found.equal == steps


def test_it_is_a_million() -> None:
    assert sum(steps for _, _, steps in CASES) == MILLION
