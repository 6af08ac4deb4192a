# SPDX-License-Identifier: MIT
"""Second readers beside the trainers' own networks, for every row of files that one reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puffer_edge
from puffer_edge.arrays import Array
from puffer_edge.frontends.detect import detect
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Program
from puffer_edge.readers.stable_baselines3_zip import Space, load_stable_baselines3
from puffer_edge.verification.originals import child, stable_baselines3, tflite
from puffer_edge.verification.originals.job import Job, Trajectory
from puffer_edge.verification.originals.judging import job_of
from puffer_edge.verification.originals.original import Original, Unjudged
from puffer_edge.verification.originals.owners import owner_of
from puffer_edge.verification.originals.pairing import paired
from puffer_edge.verification.originals.stable_baselines3_policy import build
from tests.frontends.support import ROWS
from tests.frontends.support.row import Row
from tests.verification import misread_files

STEPS = 4
OWNED = ("PufferLib 1", "PufferLib 3.0 state_dict", "zip", "rsl_rl", "TorchScript", "ONNX",
         "torch.export", "TFLite")
"""How the names of sources begin that something else than we can run."""
CLOSE: dict[str, Any] = {"rtol": 2e-5, "atol": 2e-6}
"""Float32 sums of a few dozen numbers in another order."""


def trajectory(path: Path, options: dict[str, Any], x: Array) -> tuple[Program, Trajectory]:
    """A Program, and what its original does over x, twice with a reset between."""
    program = puffer_edge.load(path, **options)
    owner = owner_of(detect(path), program.source)
    assert owner is not None
    job = job_of(owner, path, program, LoadOptions(**options))
    return program, child.run(job, np.concatenate([x, x]), np.arange(2 * len(x)) % len(x) == 0)


def actions(program: Program, raw: Array) -> Array:
    """What the library makes of raw outputs [T, n], without sampling, by its definition."""
    action, sizes = program.contract.action, program.contract.sizes
    if not isinstance(action, Continuous):
        parts = np.split(raw, np.cumsum(sizes), axis=1)  # what is left is the value
        return np.stack([part.argmax(1) for part in parts[: len(sizes)]], axis=1)
    raw = raw[:, : action.size]
    low, high = (np.array(side or edge, np.float32) for side, edge in (
        (action.low, (-np.inf,)), (action.high, (np.inf,))))
    return low + (np.tanh(raw) + 1) / 2 * (high - low) if action.squash else raw.clip(low, high)


@pytest.mark.parametrize("row", [row for row in ROWS if row.source.startswith(OWNED)],
                         ids=lambda row: row.name)
def test_the_second_reader_is_the_trainers_network(row: Row, tmp_path: Path) -> None:
    if row.package:
        pytest.importorskip(row.package)
    made, random = row.make(tmp_path), np.random.default_rng(0)
    x = np.stack([np.reshape(made.observations(random, made.size), -1).astype(np.float32)
                  for _ in range(STEPS)])
    program, seen = trajectory(made.path, made.options, x)
    # The network itself, over the same steps.
    raw = np.concatenate([array.reshape(2 * STEPS, -1) for array in seen.outputs.values()], 1)
    theirs = np.stack([np.concatenate([np.reshape(part, -1) for part in made.step(one).values()])
                       for one in x])
    np.testing.assert_allclose(raw[:STEPS, : theirs.shape[1]], theirs, **CLOSE)
    np.testing.assert_array_equal(seen.observations[:STEPS], x)
    # After a reset everything is as at first; a state is carried from step to step.
    np.testing.assert_array_equal(raw[STEPS:], raw[:STEPS])
    for name, before in seen.before.items():
        np.testing.assert_array_equal(before[[0, STEPS]], 0)
        np.testing.assert_array_equal(seen.after[name][:STEPS - 1], before[1:STEPS])
    _remembers(program, seen, x)
    if seen.actions is not None and not seen.random:
        np.testing.assert_allclose(seen.actions[:STEPS], actions(program, raw[:STEPS]), **CLOSE)


def _remembers(program: Program, seen: Trajectory, x: Array) -> None:
    """Each state that can be seen is one of the Program's."""
    runner = Interpreter(program)
    for one in x:
        values = runner.values(one)
        runner.step(one)
    ours = [np.reshape(values[state.output], -1) for state in program.states]
    for name, after in seen.after.items():
        last = after[STEPS - 1]
        assert any(mine.shape == last.shape and np.allclose(mine, last, **CLOSE)
                   for mine in ours), name


@pytest.mark.parametrize("make", [misread_files.ppo, misread_files.sac])
def test_statistics_are_the_librarys(make: Any, tmp_path: Path) -> None:
    """VecNormalize of Stable-Baselines3 itself, beyond its clip too."""
    pytest.importorskip("sb3_contrib")
    import gymnasium
    import stable_baselines3
    import torch
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    path, options = make(tmp_path)
    model = getattr(stable_baselines3, path.stem).load(path)
    blank = gymnasium.Env()
    blank.observation_space, blank.action_space = model.observation_space, model.action_space
    env = VecNormalize.load(options["vec_normalize"], DummyVecEnv([lambda: blank]))
    x = (misread_files.MEAN + 4 * misread_files.DEVIATION * np.random.default_rng(2)
         .standard_normal((STEPS, misread_files.N))).astype(np.float32)
    given = env.normalize_obs(x)
    assert (np.abs(given) == 5).any() and (np.abs(given) < 5).any()
    with torch.no_grad():
        rows = torch.from_numpy(given)
        expected = (model.actor.get_action_dist_params(rows)[0] if path.stem == "SAC" else
                    model.policy.action_net(model.policy.mlp_extractor.forward_actor(rows)))
    _, found = trajectory(path, options, x)
    np.testing.assert_allclose(found.outputs["output"][:STEPS], expected, **CLOSE)


def test_zips_that_say_less(tmp_path: Path) -> None:
    """gSDE with one deviation for all actions; and files that do not tell their spaces."""
    pytest.importorskip("stable_baselines3")
    import torch
    from gymnasium.spaces import Box
    from stable_baselines3 import PPO

    low, high = np.float32([-2, 0]), np.float32([1, 3])
    path, _ = misread_files._zip(tmp_path, "PPO", Box(low, high), use_sde=True, policy_kwargs={
        "full_std": False, "net_arch": [8]})
    policy = PPO.load(path).policy
    job = Job("stable_baselines3", str(path), shape=(1, misread_files.N), size=misread_files.N,
              width=2, low=tuple(map(float, low)), high=tuple(map(float, high)))
    x = np.random.default_rng(3).standard_normal((STEPS, misread_files.N)).astype(np.float32)
    with torch.no_grad():
        means = policy.action_net(policy.mlp_extractor.forward_actor(torch.from_numpy(x))).numpy()
    file = load_stable_baselines3(path)
    for told in (file, replace(file, observation=Space(), action=Space()),
                 replace(file, observation=Space("box"), action=Space("box"))):
        original = stable_baselines3.StableBaselines3Original(build(told, job), told, job)
        seen = child.record(original, job, x, np.arange(STEPS) == 0)
        np.testing.assert_allclose(seen.outputs["output"], means, **CLOSE)
        assert seen.actions is not None
        np.testing.assert_allclose(seen.actions, means.clip(low, high), **CLOSE)


def test_batches_and_whole_numbers(tmp_path: Path) -> None:
    """A graph that takes three observations at once is given the same one three times."""
    pytest.importorskip("onnxruntime")
    from tests.frontends.onnx_models import model, node

    weight = np.float32([[1, 2, 3, 4], [0.5, -1, 8, 0.25]])
    proto = model([node("Cast", "count", "whole", to=1), node("Concat", "obs whole", "x", axis=1),
                   node("Gemm", "x w", "out", transB=1)], {"obs": [3, 3], "count": [3, 1]},
                  {"out": [3, 2]}, {"w": weight}, dtypes={"count": 7})
    path = tmp_path / "batch.onnx"
    path.write_bytes(proto.SerializeToString())
    job = Job("onnx", str(path), size=4)
    x = np.float32([[1, 2, 3, 4.4], [0.5, 0, -7, -3.6], [1, 1, 1, 1e9]])
    seen = child.run(job, x, np.array([True, False, False]))
    taken = np.float32([[1, 2, 3, 4], [0.5, 0, -7, -4], [1, 1, 1, 2**24]])
    np.testing.assert_array_equal(seen.observations, taken)
    np.testing.assert_allclose(seen.outputs["out"], taken @ weight.T, rtol=1e-6)
    with pytest.raises(Unjudged, match="are not 5 numbers"):
        child.run(replace(job, size=5), x, np.array([True, False, False]))


class Listening(Original):
    """Notes what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[list[float]] = []

    def step(self, observation: Array) -> dict[str, Array]:
        self.given.append(observation.tolist())
        return {"mean": observation}


@pytest.mark.parametrize("repeat", [False, True])
def test_frames_masks_and_statistics(repeat: bool) -> None:
    """Three frames of two numbers, the oldest first; a mask of one is not passed on."""
    job = Job("", "", frame_stack=3, frame_repeat=repeat, masked=1, mean=(1,) * 6,
              deviation=(2, 2, 2, 2, 4, 4), clip=2.0)
    x = np.array([[3, 5, 9], [7, -9, 8], [11, 1, 7], [5, 5, 9]], np.float32)
    first = ([[1, 2], [1, 2]] if repeat else [[-0.5, -0.5], [-0.5, -0.5]])
    listening = Listening()
    seen = child.record(listening, job, x, np.array([True, False, False, True]))
    once = len(listening.given) // 2
    assert listening.given[:once] == listening.given[once:]
    assert listening.given[:3] == [
        [*first[0], *first[1], 0.5, 1], [*first[1], 1, 2, 1.5, -2], [1, 2, 2, -2, 2, 0]]
    assert listening.given[3] == [*((2.0, 2.0) if repeat else first[0]),
                                  *((2.0, 2.0) if repeat else first[1]), 1, 1]
    np.testing.assert_array_equal(seen.observations, x)
    np.testing.assert_array_equal(seen.after["earlier_frames"][1], [3, 5, 7, -9])
    np.testing.assert_array_equal(seen.before["earlier_frames"][[0, 3]], 0)
    if repeat:
        np.testing.assert_array_equal(seen.before["first_step"][:, 0], [1, 0, 0, 1])


def test_integers_at_a_models_ends() -> None:
    """By TFLite's definition: real = scale * (integer - zero point)."""
    detail = {"quantization": (0.5, 3), "dtype": np.int8}
    x = np.float32([0.26, -0.74, -100, 100, 0])
    stored = tflite._stored(x, detail)
    assert stored.dtype == np.int8 and stored.tolist() == [4, 2, -128, 127, 3]
    assert tflite._real(stored, detail).tolist() == [0.5, -0.5, -65.5, 62, 0]
    plain = {"quantization": (0.0, 0), "dtype": np.float32}
    np.testing.assert_array_equal(tflite._real(tflite._stored(x, plain), plain), x)


@pytest.mark.parametrize(("states", "outputs", "given", "pairs"), [
    ({"h_in": [1, 4], "c_in": [1, 4]}, {"c_out": [1, 4], "mean": [1, 3], "h_out": [1, 4]}, {},
     {"h_in": "h_out", "c_in": "c_out"}),
    ({"a": [4], "b": [4]}, {"x": [4], "y": [4]}, {}, {"a": "x", "b": "y"}),  # in their order
    ({"a": [4], "b": [4]}, {"x": [4], "y": [4]}, {"a": "y"}, {"a": "y", "b": "x"}),
    ({"a": [4]}, {"a_like": [5], "x": ["n"]}, {"other": "x"}, {"a": "x"}),
    ({"a": [1, 4]}, {"a": [4], "x": [1, 4]}, {}, {"a": "x"}),
    ({"a": [4]}, {"x": None}, {}, {"a": "x"}), ({"a": [4]}, {"x": []}, {}, {"a": "x"}),
    ({"a": [4]}, {"a": [5]}, {}, None), ({"a": [4], "b": [4]}, {"x": [4]}, {}, None)])
def test_states_and_outputs_that_belong_together(states: Any, outputs: Any, given: Any,
                                                 pairs: Any) -> None:
    """By names, shapes, and what the user says; a state without an output is not judged."""
    if pairs is None:
        with pytest.raises(Unjudged, match="no output has the shape"):
            paired(states, outputs, given)
    else:
        assert paired(states, outputs, given) == pairs
