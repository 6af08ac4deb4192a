# SPDX-License-Identifier: MIT
"""Frames that a policy stacks itself, and masks of its choices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.errors import UsageError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.wrappers import mask_actions, stack_frames, wrapped
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Contract, Field
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES
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


@pytest.mark.parametrize("padding", ["reset", "zero"])
def test_as_gymnasium_stacks_them(padding: str) -> None:
    """Its default repeats the first frame; over two episodes."""
    gymnasium = pytest.importorskip("gymnasium")
    random = np.random.default_rng(1)

    class Env(gymnasium.Env):  # type: ignore[misc, name-defined, unused-ignore]
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

    env = gymnasium.wrappers.FrameStackObservation(Env(), 3, padding_type=padding)
    program = zoo.program("mlp")
    ours = Interpreter(stack_frames(program, 3, repeat=padding == "reset"))
    for _ in range(2):
        ours.reset()
        stacked, _ = env.reset()
        for _ in range(6):
            theirs = Interpreter(program).step(stacked.reshape(-1))["logits"]
            assert np.array_equal(ours.step(Env.last)["logits"], theirs)
            stacked, *_ = env.step(0)


@pytest.mark.parametrize("scheme", ["float32", "int16", "int8"])
def test_a_repeated_first_frame_is_exported(scheme: str, tmp_path: Path) -> None:
    program = stack_frames(zoo.program("mlp"), 3, repeat=True)
    recorded = tmp_path / "obs.npy"
    np.save(recorded, np.random.default_rng(0).standard_normal((400, 2)).astype(np.float32))
    calibrate = {} if scheme == "float32" else {"calibrate": str(recorded)}
    out = puffer_edge.export(program, tmp_path / "out", scheme=scheme, **calibrate)
    assert puffer_edge.verify(out).passed


@pytest.mark.parametrize(("scheme", "allowed"), [("int16", 2e-3), ("int8", 0.1)])
def test_the_first_frames_in_integers(scheme: str, allowed: float) -> None:
    """Episodes of a single step: all frames are the first. Relative to what the logits vary."""
    from puffer_edge.passes import optimize
    from puffer_edge.quantization.calibration import calibrate
    from puffer_edge.quantization.quantize import quantize
    from puffer_edge.quantization.schemes import SCHEMES

    prepared = optimize(stack_frames(zoo.program("mlp"), 3, repeat=True), fuse=False)
    seen = np.random.default_rng(4).standard_normal((400, 2)).astype(np.float32)
    integers = quantize(prepared, calibrate(prepared, seen, np.arange(400) % 50 == 0),
                        SCHEMES[scheme])
    qparams = integers.values[integers.outputs[0]].quantization
    assert qparams is not None
    original = Interpreter(zoo.program("mlp"))
    ours, theirs = [], []
    for frame in seen[:40]:
        ours.append(Interpreter(integers).step(frame)["logits"].reshape(-1))
        theirs.append(original.step(np.tile(frame, 3))["logits"].reshape(-1))
    found = (np.array(ours, np.float64) - float(qparams.zero_point)) * qparams.scale
    assert np.abs(found - np.array(theirs)).max() < allowed * np.std(theirs)


def test_what_comes_before_the_first_needs_frames(tmp_path: Path) -> None:
    from puffer_edge.frontends.options import LoadOptions
    from puffer_edge.frontends.wrappers import wrapped

    with pytest.raises(UsageError, match="no use without stacked"):
        wrapped(zoo.program("mlp"), LoadOptions(frame_stack_reset="repeat"))
    with pytest.raises(UsageError, match="neither zeros nor repeat"):
        LoadOptions(frame_stack_reset="first")  # type: ignore[arg-type]


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


@pytest.mark.parametrize("reset", [None, "repeat"])
@pytest.mark.parametrize("scheme", ["int8", "int16"])
def test_both_in_integers(scheme: str, reset: Any) -> None:
    """Against the policy itself in float, its frames stacked and its choices masked by numpy."""
    program = zoo.program("mlp")
    size, choices = program.contract.observation_size // 2, program.contract.action.width
    both = optimize(wrapped(program, LoadOptions(
        frame_stack=2, frame_stack_reset=reset, action_mask=True)), fuse=False)
    random = np.random.default_rng(0)
    frames = random.standard_normal((200, size)).astype(np.float32)
    masks = random.integers(0, 2, (200, choices))
    masks[np.arange(200), random.integers(0, choices, 200)] = 1
    observations = np.concatenate([frames, masks], 1).astype(np.float32)
    fresh = np.arange(200) % 50 == 0
    made = quantize(both, calibrate(both, observations, fresh), SCHEMES[scheme])
    theirs, ours, equal = Interpreter(program), Interpreter(made), 0
    for i, row in enumerate(observations):
        if fresh[i]:
            ours.reset()
        first = frames[i] if reset else np.zeros(size, np.float32)
        before = first if fresh[i] else frames[i - 1]
        logits = theirs.step(np.concatenate([before, frames[i]]))["logits"]
        wanted = np.where(masks[i] > 0, logits, -np.inf).argmax()
        (choice,) = np.atleast_1d(ours.act(row))
        assert masks[i, choice] > 0
        equal += int(choice == wanted)
    assert equal >= 190


def test_a_mask_inside_the_graph_is_not_stacked() -> None:
    with pytest.raises(UsageError, match="action mask, which is not stacked") as told:
        wrapped(zoo.program("masked"), LoadOptions(frame_stack=2))
    assert told.value.hint


def test_both_through_export_and_verify(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "examples" / "policies" / "cartpole_sb3.zip"
    directory = puffer_edge.export(path, tmp_path / "out", frame_stack=2, action_mask=True)
    header = (directory / "policy.h").read_text()
    assert "float obs[2];" in header and "float action_mask[2];" in header
    assert puffer_edge.verify(directory).passed
