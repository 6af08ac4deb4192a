# SPDX-License-Identifier: MIT
"""A switch gives what each skill gives alone, whichever acts, in any order."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.cli import main
from puffer_edge.composing import switch
from puffer_edge.errors import PolicyWarning, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from tests import zoo
from tests.composing.files import network, run

EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"


def load(path: Path, **options: Any) -> Program:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PolicyWarning)
        return puffer_edge.load(path, **options)


def schedule(skills: int, steps: int = 60) -> list[int]:
    """Which acts: for some steps each, and each after each other."""
    return [int(i) for i in np.repeat(np.random.default_rng(0).integers(skills, size=steps),
                                      np.random.default_rng(1).integers(1, 4, steps))][:steps]


def alone(programs: Sequence[Program], change: str, acting: Sequence[int],
          observations: np.ndarray) -> list[np.ndarray]:
    """The action's outputs, each skill by itself."""
    policies, last, found = [Interpreter(program) for program in programs], -1, []
    for which, row in zip(acting, observations, strict=True):
        if change == "reset" and which != last:
            policies[which].reset()
        last = which
        found.append(policies[which].step(row)[programs[which].output_names[0]])
    return found


@pytest.mark.parametrize("change", ["reset", "keep"])
@pytest.mark.parametrize("case", ["lstm", "gru", "min_gru", "states_swap", "stacked"])
def test_each_skill_remembers_for_itself(case: str, change: Any) -> None:
    """To the bit, but for the sign of zeros."""
    programs = [zoo.program(case), zoo.program(case)]
    random = np.random.default_rng(2)
    other = programs[1]
    programs[1] = other.with_ops(other.ops, {
        name: (array + random.normal(0, 0.05, array.shape)).astype(array.dtype)
        if array.dtype.kind == "f" else array for name, array in other.constants.items()})
    acting, size = schedule(2), other.contract.observation_size
    observations = random.normal(0, 1, (len(acting), size)).astype(np.float32)
    whole = switch(programs, ["walk", "run"], change)
    policy, name = Interpreter(whole), whole.output_names[0]
    assert whole.contract.observation[-1].name == "skill"
    for which, row, wanted in zip(acting, observations, alone(
            programs, change, acting, observations), strict=True):
        found = policy.step(np.append(row, np.float32(which)))[name]
        np.testing.assert_array_equal(found, wanted)


def test_a_state_that_begins_with_other_numbers_begins_so_again() -> None:
    program = zoo.program("gru")
    (state,) = program.states
    begun = replace(program, states=(replace(state, initial=np.full_like(state.initial, 0.5)),))
    acting, random = schedule(2), np.random.default_rng(3)
    observations = random.normal(0, 1, (len(acting), program.contract.observation_size)).astype(
        np.float32)
    whole = switch([begun, program], ["walk", "run"])
    policy = Interpreter(whole)
    for which, row, wanted in zip(acting, observations, alone(
            [begun, program], "reset", acting, observations), strict=True):
        np.testing.assert_array_equal(
            policy.step(np.append(row, np.float32(which)))[whole.output_names[0]], wanted)


def test_files_are_judged_by_onnxruntime_and_no_skill_gives_zeros(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    files = [network(tmp_path / f"{name}.onnx", {"obs": 5}, {"actions": 3}, seed)
             for seed, name in enumerate(("walk", "run", "stand"))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PolicyWarning)
        policy = Interpreter(puffer_edge.compose(files, how="switch"))
    random = np.random.default_rng(0)
    for which in (0, 2, 1, 1, 0):
        row = random.normal(0, 1, 5).astype(np.float32)
        np.testing.assert_allclose(policy.step(np.append(row, np.float32(which)))["mean"],
                                   run(files[which], [row])[0], atol=2e-6)
    for wrong in (3, -1, 1e9):
        assert not policy.step(np.append(row, np.float32(wrong)))["mean"].any()


def test_what_does_not_fit_is_one_error(tmp_path: Path) -> None:
    one = load(network(tmp_path / "a.onnx", {"obs": 5}, {"actions": 3}, 0))
    wider = load(network(tmp_path / "b.onnx", {"obs": 6}, {"actions": 3}, 0))
    more = load(network(tmp_path / "c.onnx", {"obs": 5}, {"actions": 4}, 0))
    with pytest.raises(UsageError, match=r"a sees \[5\] numbers and b \[6\]"):
        switch([one, wider], ["a", "b"])
    with pytest.raises(UsageError, match="actions of a and b are not of one kind"):
        switch([one, more], ["a", "b"])
    for given in ({"how": "mix"}, {"how": "switch", "change": "forget"},
                  {"how": "switch", "join": "obs=mean"}, {"change": "keep"}):
        with pytest.raises(UsageError):
            puffer_edge.compose([one, one], **given)  # type: ignore[arg-type]


def test_the_command_line_makes_one_artefact(tmp_path: Path) -> None:
    """In integers, of a recurrent policy twice: as good as each alone."""
    file, random = EXAMPLES / "cartpole_puffer_lstm.pt", np.random.default_rng(0)
    acting = np.array(schedule(2, 120), np.float32)
    seen = np.concatenate([random.normal(0, 1, (120, 2)), acting[:, None]], 1).astype(np.float32)
    np.save(tmp_path / "seen.npy", seen)
    with pytest.raises(SystemExit) as end:
        main(["export", str(file), str(file), "--compose", "switch:keep", "-o",
              str(tmp_path / "a"), "--name", "skills", "--scheme", "int16", "--calibrate",
              str(tmp_path / "seen.npy")])
    assert not end.value.code
    program = load(file)
    wanted = alone([program, program], "keep", [int(i) for i in acting], seen[:, :2])
    with puffer_edge.runtimes.load(tmp_path / "a", "numpy") as policy:
        same = [int(policy.step(row)) == int(np.argmax(logits))
                for row, logits in zip(seen, wanted, strict=True)]
    assert np.mean(same) > 0.97
