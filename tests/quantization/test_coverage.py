# SPDX-License-Identifier: MIT
"""Recordings that are too short, too narrow or of two kinds are told at export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import puffer_edge
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Gemm
from puffer_edge.quantization.pipeline import Wish, to_integers
from tests import zoo


def policy() -> Program:
    bench = zoo.Bench((1, 5))
    return bench.program(bench.op(Gemm, x=bench.x, weight=bench.weight(3, 5)))


def warnings(observations: np.ndarray, directory: Path) -> list[str]:
    np.savez(directory / "seen.npz", observations=observations)
    made = to_integers(policy(), Wish("int16", str(directory / "seen.npz")))
    return [note.text for note in made.program.notes if note.kind == "warning"]


def observations(steps: int = 2000) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((steps, 5))


def test_a_good_recording_has_no_doubts(tmp_path: Path) -> None:
    assert warnings(observations(), tmp_path) == []


def test_too_few_steps_are_told_and_how_many_would_do(tmp_path: Path) -> None:
    (text,) = warnings(observations(100), tmp_path)
    more = int(text.split("record ")[1].split(" more")[0].replace(",", ""))
    assert "too few steps" in text and 20 <= more <= 400
    assert warnings(observations(100 + 2 * more), tmp_path) == []


def test_what_never_changes_is_named(tmp_path: Path) -> None:
    rows = observations()
    rows[:, [1, 3]] = 0.25
    (text,) = warnings(rows, tmp_path)
    assert "obs[1], obs[3]" in text


@pytest.mark.parametrize("factor", [4.0, 1000.0])
def test_halves_of_two_kinds_are_told(factor: float, tmp_path: Path) -> None:
    rows = observations()
    rows[1000:, 2] *= factor
    found = " ".join(warnings(rows, tmp_path))
    assert "obs[2] was" in found
    assert ("cut off" in found) == (factor == 1000)


def test_an_export_that_will_fail_says_so(tmp_path: Path) -> None:
    """80 % of what judges is cut off."""
    rows = observations()
    rows[1000:] *= 1000
    found = warnings(rows, tmp_path)
    assert any(text.startswith("verify will fail") for text in found)
    out = puffer_edge.export(policy(), tmp_path / "a", target="host", scheme="int16",
                             calibrate=str(tmp_path / "seen.npz"))
    assert not puffer_edge.verify(out).passed
