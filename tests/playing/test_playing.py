# SPDX-License-Identifier: MIT
"""Exports play like what they were made of; a broken one is caught."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import UsageError
from puffer_edge.ir import Note, Program
from puffer_edge.ir.ops import Gemm
from puffer_edge.playing import SEED, confidence_interval, play
from puffer_edge.runtimes.loading import read_program
from tests import zoo
from tests.support.exporting import write_artefact

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
BUNDLED: dict[str, tuple[str, str, tuple[int, ...], dict[str, Any]]] = {
    "cartpole_sb3": ("cartpole_sb3.zip", "CartPole-v1", (), {}),
    "cartpole_puffer_lstm": ("cartpole_puffer_lstm.pt", "CartPole-v1", (0, 2), {}),
    "pendulum_sb3": ("pendulum_sb3.zip", "Pendulum-v1", (), {
        "vec_normalize": POLICIES / "pendulum_vecnormalize.pkl", "action_low": (-2,),
        "action_high": (2,)}),
}


@pytest.fixture(scope="module", params=[
    pytest.param((name, scheme), marks=() if scheme == "int8" else pytest.mark.exhaustive)
    for name in BUNDLED for scheme in ("int8", "int16")], ids="-".join)
def bundled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    name, scheme = request.param
    file, environment, observe, options = BUNDLED[name]
    work = tmp_path_factory.mktemp(name) / "a"
    program = read_program(POLICIES / file, options)
    # From seeds that no judged episode has.
    puffer_edge.export(POLICIES / file, work, name="policy", scheme=scheme,
                       calibrate=f"env:{environment}", steps=1600, observe=observe, **options)
    return program, work, environment, observe


def test_integers_play_like_floats(bundled: Any) -> None:
    program, work, environment, observe = bundled
    match = play(read_program(work), environment, compare=program, observe=observe,
                 episodes=100, processes=1)
    assert match.theirs is not None and len(match.ours.returns) == 100
    assert not match.failures
    low, high = match.theirs.interval
    assert low <= match.ours.mean <= high


def doubled(program: Program) -> Program:
    """The scale of the first layer doubled: a right shift less."""
    first = next(op for op in program.ops if hasattr(op, "requantization"))
    table = program.constants[first.requantization].copy()
    table[..., 2] -= 1
    return program.with_ops(program.ops, {**program.constants, first.requantization: table})


def test_a_doubled_scale_is_caught(bundled: Any) -> None:
    program, work, environment, observe = bundled
    match = play(doubled(read_program(work)), environment, compare=program,
                 observe=observe, episodes=20, processes=1)
    assert match.failures and not match.to_json()["passed"]


def negated(program: Program) -> Program:
    """Does the opposite."""
    last = program.ops[-1]
    return program.with_ops(program.ops, {**program.constants, **{
        name: -program.constants[name] for name in (last.weight, last.bias)}})


def test_a_lower_return_is_caught() -> None:
    program = read_program(POLICIES / "cartpole_sb3.zip")
    match = play(negated(program), "CartPole-v1", compare=program, episodes=8, processes=1,
                 least=0.0)
    assert match.difference[1] < 0
    assert len(match.failures) == 1 and "mean return" in match.failures[0]


def test_processes_play_the_same_episodes() -> None:
    program = read_program(POLICIES / "pendulum_sb3.zip", BUNDLED["pendulum_sb3"][3])
    one, two = (play(program, "Pendulum-v1", episodes=16, processes=n, backend="numpy")
                for n in (1, 2))
    assert np.array_equal(one.ours.returns, two.ours.returns) and len(one.ours.returns) == 16
    assert one.theirs is None and one.failures == []


def test_episodes_are_paired_and_seeded() -> None:
    program = read_program(POLICIES / "pendulum_sb3.zip", BUNDLED["pendulum_sb3"][3])
    match = play(program, "Pendulum-v1", compare=program, episodes=3, processes=1)
    assert match.theirs is not None
    assert np.array_equal(match.ours.returns, match.theirs.returns) and match.ours.agreement == 1
    assert match.difference == (0, 0)
    later = play(program, "Pendulum-v1", episodes=2, processes=1, seed=SEED + 1)
    assert np.array_equal(later.ours.returns, match.ours.returns[1:])


def test_what_played_and_what_both_assume_is_told() -> None:
    """A tanh that both take for granted cannot show in a comparison."""
    program = read_program(POLICIES / "cartpole_sb3.zip")
    program, other = (replace(program, notes=(
        Note("assumed", f"the activation is {name}", "activation"),)) for name in ("tanh", "relu"))
    match = play(program, "CartPole-v1", compare=program, episodes=2, processes=1,
                 backend="numpy")
    plain = match.to_json()
    assert plain["backends"][0] == "numpy" and len(plain["backends"]) == 2
    assert plain["shared_assumptions"] == ["the activation is tanh"]
    match = play(other, "CartPole-v1", compare=program, episodes=2, processes=1)
    assert match.shared == ()


def test_the_interval_covers_the_mean() -> None:
    random = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        low, high = confidence_interval(random.normal(3, 2, 60))
        hits += low <= 3 <= high
    assert 178 <= hits <= 200  # 95 % of 200, less four standard deviations of the count


@pytest.mark.parametrize(("changes", "message"), [
    ({"identity": "NoSuch-v1"}, "cannot be made"), ({"episodes": 1}, "no interval"),
    ({"observe": (0, 9)}, "beyond the 4"), ({"observe": (0, 1)}, "the policy takes 4"),
    ({"seed": -1}, "negative"), ({"backend": "abacus"}, "no back end"),
    ({"identity": "Pendulum-v1", "observe": (0, 1, 2, 0)}, "does not fit"),
])
def test_what_does_not_fit_is_one_error(changes: dict[str, Any], message: str) -> None:
    program = read_program(POLICIES / "cartpole_sb3.zip")
    with pytest.raises(UsageError, match=message):
        play(program, **{"identity": "CartPole-v1", "processes": 1, **changes})


class Falling(gymnasium.Env):
    """Raises in its third step."""

    observation_space = gymnasium.spaces.Box(-1, 1, (4,))
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.left = 3
        return np.zeros(4, np.float32), {}

    def step(self, action: Any) -> Any:
        self.left -= 1
        return np.full(4, 1 / self.left, np.float32), 0.0, False, False, {}


def test_an_environment_that_fails_is_one_error() -> None:
    gymnasium.register("Falling-v0", entry_point=Falling, disable_env_checker=True)
    with pytest.raises(UsageError, match="fails in step: ZeroDivisionError"):
        play(read_program(POLICIES / "cartpole_sb3.zip"), "Falling-v0", processes=1)


def test_other_choices_are_refused() -> None:
    program = read_program(POLICIES / "cartpole_sb3.zip")
    bench = zoo.Bench((1, 4))
    other = bench.program(bench.op(Gemm, x=bench.x, weight=bench.weight(3, 4), bias=None))
    for pair in ((program, other), (other, None)):
        with pytest.raises(UsageError, match="does not fit"):
            play(pair[0], "CartPole-v1", compare=pair[1], processes=1)


def test_the_command_line_plays_and_judges(tmp_path: Path) -> None:
    policy = POLICIES / "cartpole_sb3.zip"
    puffer_edge.export(policy, tmp_path / "good", name="policy", scheme="int8",
                       calibrate="env:CartPole-v1", steps=2000)
    for name, change in (("negated", lambda _: negated(read_program(policy))),
                         ("doubled", doubled)):
        changed = change(read_program(tmp_path / "good"))
        write_artefact(changed, tmp_path / name, target="host", name="policy",
                       scheme="float32" if name == "negated" else "int8")
    for name, code in (("good", 0), ("negated", 6), ("doubled", 6)):
        done = subprocess.run(
            [sys.executable, "-m", "puffer_edge", "run", str(tmp_path / name), "--env",
             "CartPole-v1", "--episodes", "4", "--processes", "1", "--compare", str(policy),
             "--json"], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert json.loads(done.stdout)["passed"] == (code == 0)
