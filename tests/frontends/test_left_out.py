# SPDX-License-Identifier: MIT
"""What of a checkpoint is not read is named, with its class where nobody knows what it is for."""

from __future__ import annotations

import argparse
import collections
import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

import puffer_edge
from puffer_edge.errors import UnconfirmedError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program


class Scaler:
    """Of a script; what it does with the observation, no file says."""

    def __init__(self) -> None:
        self.factor, self.parts = 2.0, {"mean": torch.zeros(6)}


@pytest.fixture
def policy() -> dict[str, Any]:
    module = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    return {f"{part}.{key}": array for part in ("actor", "critic")
            for key, array in module.state_dict().items()}


def _loaded(tree: Any, tmp_path: Path, **options: Any) -> Program:
    torch.save(tree, tmp_path / "agent.pt")
    return puffer_edge.load(tmp_path / "agent.pt", activation="tanh", **options)


def _notes(program: Program, code: str = "") -> str:
    return " ".join(note.text for note in program.notes if note.code == code
                    and note.kind in ("dropped", "assumed"))


@pytest.mark.parametrize(("name", "made"), [
    ("optimizer", lambda: {"state": {}}), ("returns", lambda: np.arange(100.0)),
    ("lengths", lambda: list(range(90))), ("rng", torch.get_rng_state),
    ("about", lambda: "x" * 300), ("blob", lambda: b"abc"), ("names", lambda: {1, 2}),
    ("queue", lambda: collections.deque([1, 2])), ("date", lambda: datetime.datetime(2026, 1, 2)),
    ("losses", lambda: np.array([np.nan])),
    ("space", lambda: pytest.importorskip("gymnasium").spaces.Box(-1, 1, (3,)))])
def test_what_only_training_needs_is_named(name: str, made: Any, policy: Any, tmp_path: Path
                                           ) -> None:
    program = _loaded({"model": policy, name: made()}, tmp_path)
    assert f"{name}: beside the policy" in _notes(program)
    assert not _notes(program, "objects-left-out")


@pytest.mark.parametrize("made", [Scaler, lambda: np.full(3, 2.0), lambda: [Scaler()]])
def test_what_may_change_the_numbers_is_an_assumption(made: Any, policy: Any, tmp_path: Path
                                                      ) -> None:
    tree = {"model": policy, "scale": made()}
    assert "scale" in _notes(_loaded(tree, tmp_path), "objects-left-out")
    with pytest.raises(UnconfirmedError):
        _loaded(tree, tmp_path, strict=True, accept=["action-heads"])
    _loaded(tree, tmp_path, strict=True, accept=["action-heads", "objects-left-out"])


def test_settings_are_read_and_not_left_out(policy: Any, tmp_path: Path) -> None:
    program = _loaded({"model": policy, "args": argparse.Namespace(lr=1e-3, sizes=(8, 8))},
                      tmp_path)
    assert "args" not in _notes(program) + _notes(program, "objects-left-out")


def test_what_a_pickled_module_holds_beside_its_layers(tmp_path: Path) -> None:
    stack = torch.nn.Sequential(torch.nn.Linear(6, 3))
    stack.scaler, stack.offset, stack.mean = Scaler(), torch.ones(6), np.ones(6)  # no buffers
    torch.save(stack, tmp_path / "whole.pt")
    program = puffer_edge.load(tmp_path / "whole.pt", action="continuous")
    assert "Scaler" in _notes(program, "objects-left-out")
    assert "mean (numpy.ndarray)" in _notes(program, "objects-left-out")
    assert "offset (torch.Tensor)" in _notes(program, "objects-left-out")


def test_statistics_that_are_used_are_not_left_out(policy: Any, tmp_path: Path) -> None:
    rms = {"mean": np.ones(6), "var": np.ones(6), "count": np.array(3.0)}
    for tree in ({"model": policy, "obs_rms": rms},
                 {"model": policy, **{f"obs_{key}": array for key, array in rms.items()}}):
        program = _loaded(tree, tmp_path)
        assert program.contract.normaliser is not None
        assert "obs" not in _notes(program) + _notes(program, "objects-left-out")
        given = _loaded(tree, tmp_path, normaliser="none")
        assert "obs" in _notes(given) + _notes(given, "objects-left-out")


def test_a_normaliser_for_a_pickled_stack_is_applied(tmp_path: Path) -> None:
    stack = torch.nn.Sequential(torch.nn.Linear(6, 3))
    torch.save(stack, tmp_path / "whole.pt")
    np.savez(tmp_path / "seen.npz", mean=np.full(6, 2.0), var=np.full(6, 4.0), epsilon=0.0, clip=9)
    program = puffer_edge.load(tmp_path / "whole.pt", action="continuous",
                               normaliser=tmp_path / "seen.npz")
    x = np.linspace(-1, 1, 6, dtype=np.float32)
    with torch.no_grad():
        wanted = stack(torch.from_numpy((x - 2) / 2)).numpy()
    (y,) = Interpreter(program).step(x).values()
    assert np.allclose(y, wanted, atol=1e-6)


def test_a_state_dict_of_numpy_arrays(policy: Any, tmp_path: Path) -> None:
    plain = _loaded(policy, tmp_path)
    arrays = _loaded({name: tensor.numpy() for name, tensor in policy.items()}, tmp_path)
    x = np.linspace(-1, 1, 6, dtype=np.float32)
    ours, theirs = (Interpreter(program).step(x)["logits"] for program in (arrays, plain))
    assert np.array_equal(ours, theirs)
