# SPDX-License-Identifier: MIT
"""rsl_rl's checkpoints, run by rsl_rl where it is installed: ``make trainers`` brings it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("rsl_rl")

import puffer_edge
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Program
from puffer_edge.verification.originals import read_again
from tests.frontends.support.real import ROWS
from tests.verification import misreadings

NAMES = {"mlp.": "actor.", "rnn.rnn.": "memory_a.rnn.", "obs_normalizer.": "actor_obs_normalizer.",
         "distribution.std_param": "std"}
CHECKPOINTS = [row for row in ROWS if row.package == "rsl_rl" and row.file == "model_*.pt"]


def earlier(path: Path) -> Path:
    """The same policy under the names that the versions before 5 gave it."""
    import torch

    arrays = {}
    for name, array in torch.load(path, weights_only=True)["actor_state_dict"].items():
        since = next((since for since in NAMES if name.startswith(since)), "")
        arrays[NAMES.get(since, "") + name.removeprefix(since)] = array
    torch.save({"model_state_dict": arrays, "iter": 10}, path.with_name("earlier.pt"))
    return path.with_name("earlier.pt")


def reading(path: Path, program: Program, **options: Any) -> Any:
    return read_again(path, program, LoadOptions(**options), mode="auto")


@pytest.mark.parametrize("version", ["5", "before 5"])
@pytest.mark.parametrize("row", CHECKPOINTS, ids=lambda row: row.name)
def test_the_library_judges(row: Any, version: str, tmp_path: Path) -> None:
    path = row.make(tmp_path).path
    path = path if version == "5" else earlier(path)
    program = puffer_edge.load(path)
    found = reading(path, program)
    assert found.judge.startswith("rsl_rl ") and found.verdict == "agrees", found
    for change in (misreadings.activation_swapped, misreadings.mean_lost):
        wrong = change(program)
        assert wrong is not None and reading(path, wrong).verdict == "disagrees"


def test_what_the_library_does_not_take_is_not_judged(tmp_path: Path) -> None:
    """It has no hardswish."""
    path = CHECKPOINTS[0].make(tmp_path).path
    program = puffer_edge.load(path, activation="hard_swish")
    found = reading(path, program, activation="hard_swish")
    assert "Invalid activation" in found.text and found.verdict == "not judged"
