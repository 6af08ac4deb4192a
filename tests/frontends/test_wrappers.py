"""Frames that a policy stacks itself, and masks of its choices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import UsageError
from puffer_edge.frontends.wrappers import mask_actions, stack_frames
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Contract, Field
from tests import zoo


def frames(count: int, size: int) -> list[np.ndarray]:
    random = np.random.default_rng(3)
    return [random.standard_normal(size).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize("count", [2, 3, 6])
@pytest.mark.parametrize("case", ["mlp", "lstm"])
def test_stacked_frames_are_those_of_the_wrapper(case: str, count: int) -> None:
    program = zoo.program(case)  # 6 inputs
    ours, theirs = Interpreter(stack_frames(program, count)), Interpreter(program)
    size = 6 // count
    assert ours.program.contract.observation == (Field("obs", (size,)),)
    stack = np.zeros(6, np.float32)
    for frame in frames(20, size):
        stack = np.concatenate([stack[size:], frame])
        assert np.array_equal(ours.step(frame)["logits"], theirs.step(stack)["logits"])


def test_as_stable_baselines3_stacks_them() -> None:
    """Vectors along their last axis, images along their planes; zeros before the first frame."""
    pytest.importorskip("stable_baselines3")
    import gymnasium
    from stable_baselines3.common.vec_env import DummyVecEnv, VecFrameStack

    random = np.random.default_rng(1)

    class Env(gymnasium.Env):  # type: ignore[misc, type-arg, unused-ignore]
        observation_space = gymnasium.spaces.Box(-9, 9, (2,))
        action_space = gymnasium.spaces.Discrete(2)
        last: Any = None

        def draw(self) -> Any:
            Env.last = random.standard_normal(2).astype(np.float32)
            return Env.last

        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
            return self.draw(), {}

        def step(self, action: Any) -> Any:
            return self.draw(), 0.0, False, False, {}

    env = VecFrameStack(DummyVecEnv([Env]), 3)
    program = zoo.program("mlp")
    ours, theirs = Interpreter(stack_frames(program, 3)), Interpreter(program)
    stacked = env.reset()
    for _ in range(8):
        assert np.array_equal(ours.step(Env.last)["logits"], theirs.step(stacked[0])["logits"])
        stacked, *_ = env.step([0])


@pytest.mark.parametrize("count", [4, 7])
def test_what_is_no_stack(count: int) -> None:
    with pytest.raises(UsageError, match="no stack of"):
        stack_frames(zoo.program("mlp"), count)


def test_masks() -> None:
    program = zoo.program("mlp")
    masked = mask_actions(program)
    ours, theirs = Interpreter(masked), Interpreter(program)
    assert [field.name for field in masked.contract.observation] == ["obs", "action_mask"]
    random = np.random.default_rng(2)
    for x in frames(40, 6):
        mask = random.integers(0, 2, 5).astype(np.float32)
        mask[random.integers(5)] = 1
        logits = theirs.step(x)["logits"]
        found = ours.step(np.concatenate([x, mask]))["logits"]
        assert np.array_equal(found[mask == 1], logits[mask == 1])
        assert np.all(found[mask == 0] == np.finfo(np.float32).min)
        allowed = np.flatnonzero(mask)
        assert ours.act(np.concatenate([x, mask])) == allowed[logits[allowed].argmax()]


def test_a_field_of_that_name_is_kept() -> None:
    program = zoo.program("mlp")
    program = program.with_ops(program.ops, contract=Contract(
        (Field("action_mask", (6,)),), program.contract.action))
    names = [field.name for field in mask_actions(program).contract.observation]
    assert names == ["action_mask", "action_mask_"]


def test_continuous_actions_have_no_mask() -> None:
    with pytest.raises(UsageError, match="no mask"):
        mask_actions(zoo.continuous())


def test_both_through_export_and_verify(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "examples" / "policies" / "cartpole_sb3.zip"
    directory = puffer_edge.export(path, tmp_path / "out", frame_stack=2, action_mask=True)
    header = (directory / "policy.h").read_text()
    assert "float obs[2];" in header and "float action_mask[2];" in header
    assert puffer_edge.verify(directory).passed
