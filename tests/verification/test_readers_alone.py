# SPDX-License-Identifier: MIT
"""Parts of the second readers of files, in this very process, beside gymnasium and onnxruntime."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from puffer_edge.ir import Continuous, Discrete
from puffer_edge.readers.stable_baselines3_zip import Space, load_stable_baselines3
from puffer_edge.verification.originals import child, onnx, stable_baselines3
from puffer_edge.verification.originals.asking import _reference
from puffer_edge.verification.originals.comparing import compare
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.original import Unjudged
from puffer_edge.verification.originals.stable_baselines3_policy import _Maker, _space, build
from tests.verification.test_comparing import policy, soft, trajectory


def f32(numbers: Any) -> Any:
    return np.array(numbers, np.float32)


SPACES: list[tuple[Space, Any]] = [
    (Space("discrete", sizes=(4,)), lambda s: s.Discrete(4)),
    (Space("discrete", sizes=(4,), start=(-2,)), lambda s: s.Discrete(4, start=-2)),
    (Space("multidiscrete", sizes=(2, 3)), lambda s: s.MultiDiscrete([2, 3])),
    (Space("multidiscrete", sizes=(2, 3), start=(5, -1)),
     lambda s: s.MultiDiscrete([2, 3], start=[5, -1])),
    (Space("multibinary", (3,)), lambda s: s.MultiBinary(3)),
    (Space("multibinary", (2, 3)), lambda s: s.MultiBinary([2, 3])),
    (Space("box", (2, 1), low=(-1, 0), high=(1, 2), dtype="float32"),
     lambda s: s.Box(f32([[-1], [0]]), f32([[1], [2]]))),
    (Space("box", (2, 2), dtype="uint8"), lambda s: s.Box(0, 255, (2, 2), np.uint8)),
    (Space("box", (3,)), lambda s: s.Box(-np.inf, np.inf, (3,)))]


@pytest.mark.parametrize(("told", "made"), SPACES, ids=lambda value: getattr(value, "kind", ""))
def test_spaces_are_gymnasiums(told: Space, made: Any) -> None:
    """What our Program takes flat is what ``flatten`` gives; the library gets the sample again."""
    spaces = pytest.importorskip("gymnasium").spaces
    space = made(spaces)
    assert _space(told) == space
    space.seed(3)
    for _ in range(5):
        sample = space.sample()
        flat = np.asarray(spaces.flatten(space, sample), np.float32)
        np.testing.assert_array_equal(stable_baselines3._meant(flat, told), flat)
        taken = stable_baselines3._taken(flat, told)
        np.testing.assert_array_equal(taken, sample)
        assert np.asarray(taken).dtype == np.asarray(sample).dtype


@pytest.mark.parametrize(("told", "given", "meant"), [
    (Space("discrete", sizes=(3,)), [0.1, 0.9, -5], [0, 1, 0]),
    (Space("multidiscrete", sizes=(2, 3)), [7, 1, -1, 0, -2], [1, 0, 0, 1, 0]),
    (Space("multibinary", (3,)), [0.2, -1, 0], [1, 0, 0]),
    (Space("box", (4,), dtype="uint8"), [-1, 2.6, 256, 255], [0, 3, 255, 255]),
    (Space("box", (2,), dtype="int8"), [-200, 127.4], [-128, 127]),
    (Space("box", (2,), dtype="float32"), [-200, 127.4], [-200, 127.4])])
def test_the_nearest_that_a_space_has(told: Space, given: Any, meant: Any) -> None:
    np.testing.assert_array_equal(stable_baselines3._meant(f32(given), told),
                                  f32(meant))


@pytest.mark.parametrize(("job", "weights", "expected"), [
    (Job("", "", size=2, low=(-1.0, 0.0), high=(1.0, 3.0)), {}, lambda s: s.Box(
        f32([-1, 0]), f32([1, 3]))),
    (Job("", "", size=2, width=3), {"log_std": np.zeros(3)},
     lambda s: s.Box(-np.inf, np.inf, (3,))),
    (Job("", "", size=2, width=3), {}, lambda s: s.Discrete(3))])
def test_actions_that_a_file_does_not_tell(job: Job, weights: Any, expected: Any) -> None:
    spaces = pytest.importorskip("gymnasium").spaces
    file: Any = SimpleNamespace(weights=weights, observation=Space(), action=Space())
    maker = _Maker(file, job)
    assert maker.action == expected(spaces)
    assert maker.observation == spaces.Box(-np.inf, np.inf, (2,))
    file.action = Space("box")  # without bounds
    assert isinstance(_Maker(file, job).action, spaces.Box)


@pytest.mark.parametrize("kind", ["parts", "image", "image as it is"])
def test_parts_and_images(kind: str, tmp_path: Path) -> None:
    """Parts by their names in order; of an image 255 is one, where the file does not say other."""
    sb3 = pytest.importorskip("stable_baselines3")
    import gymnasium
    from gymnasium import spaces

    space: Any = spaces.Box(0, 255, (1, 3, 3), np.uint8)
    if kind == "parts":
        space = spaces.Dict({"where": spaces.Box(-1, 1, (2, 2)), "number": spaces.Discrete(3)})

    class Env(gymnasium.Env):  # type: ignore[misc, type-arg, unused-ignore]
        observation_space, action_space = space, spaces.Discrete(3)

    net = sb3.A2C("MultiInputPolicy" if kind == "parts" else "MlpPolicy", Env(), device="cpu",
                  seed=2, policy_kwargs={"net_arch": [4],
                                         "normalize_images": kind != "image as it is"})
    path = tmp_path / "A2C.zip"
    net.save(path)
    file = load_stable_baselines3(path)
    size = spaces.flatdim(space)
    job = Job("stable_baselines3", str(path), size=size, width=3)
    net.observation_space.seed(1)
    samples = [net.observation_space.sample() for _ in range(3)]
    x = np.stack([np.asarray(spaces.flatten(net.observation_space, each), np.float32)
                  for each in samples])
    original = stable_baselines3.StableBaselines3Original(build(file, job), file, job)
    seen = child.record(original, job, x, np.array([True, False, False]))
    for t, each in enumerate(samples):
        with torch.no_grad():
            given, _ = net.policy.obs_to_tensor(each)
            logits = net.policy.get_distribution(given).distribution.logits[0]
        mine = torch.log_softmax(torch.from_numpy(seen.outputs["output"][t]), 0)
        np.testing.assert_allclose(mine, logits, rtol=1e-5, atol=1e-6)
        assert seen.actions is not None
        assert seen.actions[t] == net.predict(each, deterministic=True)[0]


@pytest.mark.parametrize("form", ["scaled", "per channel", "float", "computed"])
def test_steps_of_a_graphs_integers(form: str, tmp_path: Path) -> None:
    """onnxruntime's outputs are multiples of the scale that is told."""
    pytest.importorskip("onnxruntime")
    from tests.frontends.onnx_models import model, node

    wide = form == "per channel"
    step = f32([0.25, 0.125, 0.5]) if wide else np.float32(0.25)
    zero = np.zeros(3, np.int8) if wide else np.int8(0)
    more: Any = {"axis": 1} if wide else {}
    scale = "twice" if form == "computed" else "step"
    nodes = [node("Add", "step step", "twice")] * (form == "computed") + [
        node("QuantizeLinear", f"obs {scale} zero", "q", **more),
        node("DequantizeLinear", f"q {scale} zero", "out", **more), node("Neg", "obs", "other")]
    if form == "float":
        nodes = [node("Neg", "obs", "out"), node("Abs", "obs", "other")]
    proto = model(nodes, {"obs": [1, 3]}, {"other": [1, 3], "out": [1, 3]},
                  {} if form == "float" else {"step": step, "zero": zero})
    path = tmp_path / "q.onnx"
    path.write_bytes(proto.SerializeToString())
    original = onnx.open_original(Job("onnx", str(path), size=3))
    y = original.step(f32([1.3, -0.8, 0.4]))["out"].reshape(-1)
    if form in ("float", "computed"):
        assert original.scales == {}
    else:
        assert original.scales == {"out": float(step.max())}
        assert (np.mod(y, step) == 0).all() and np.abs(y - [1.3, -0.8, 0.4]).max() <= step.max() / 2


def test_inputs_that_are_no_part_of_the_observation(tmp_path: Path) -> None:
    """What a note says of an input; a state that is carried, by the names that the user gave."""
    pytest.importorskip("onnxruntime")
    from tests.frontends.onnx_models import model, node

    proto = model([node("Add", "obs state", "sum"), node("Add", "sum unused", "out"),
                   node("Neg", "sum", "minus")],
                  {"obs": [1, 3], "unused": [1, 3], "state": [1, 3]},
                  {"out": [1, 3], "minus": [1, 3], "sum": [1, 3]})
    path = tmp_path / "state.onnx"
    path.write_bytes(proto.SerializeToString())
    job = Job("onnx", str(path), size=3, told="input unused: nothing reads it",
              pairs=(("state", "sum"),))
    x = f32([[1, 2, 3], [1, 1, 1], [5, 5, 5]])
    seen = child.run(job, x, np.array([True, False, True]))
    assert seen.outputs["out"].tolist() == [[1, 2, 3], [2, 3, 4], [5, 5, 5]]
    assert seen.outputs["minus"].tolist() == [[-1, -2, -3], [-2, -3, -4], [-5, -5, -5]]
    assert seen.before["state"].tolist() == [[0, 0, 0], [1, 2, 3], [0, 0, 0]]
    with pytest.raises(Unjudged, match="are not 3 numbers"):
        onnx.open_original(replace(job, told=""))


@pytest.mark.parametrize(("dtype", "given", "whole"), [
    (np.int8, [-129, 1.6, 128], [-128, 2, 127]), (np.uint8, [-1, 2.4, 300], [0, 2, 255]),
    (np.int64, [-(2.0**30), 2.0**30, 5.4], [-(2**24), 2**24, 5]),
    (np.bool_, [-1, 0, 0.1], [0, 0, 1]), (np.float16, [0.1, 1.5, 9], [0.1, 1.5, 9])])
def test_numbers_that_an_input_and_float32_hold(dtype: Any, given: Any, whole: Any) -> None:
    np.testing.assert_array_equal(onnx._whole(np.array(given), dtype), np.array(whole))


def test_an_original_as_a_recording() -> None:
    """Its numbers where they are ours, else its choices or actions."""
    both = policy(Discrete((2, 3)))
    plain = _reference(both, trajectory(both, ("logits", lambda y: y)))
    assert plain is not None and plain.expected is not None and plain.actions is None
    given = trajectory(both, ("p", lambda y: soft(y[:, :2])), ("q", lambda y: soft(y[:, 2:])))
    found = _reference(both, given)
    assert found is not None and found.expected is None and found.actions is not None
    raw = plain.expected
    np.testing.assert_array_equal(found.actions, np.stack(
        [raw[:, :2].argmax(1), raw[:, 2:].argmax(1)], 1))
    one = policy(Discrete((5,)))
    found = _reference(one, trajectory(one, ("choice", lambda y: y.argmax(1)[:, None])))
    assert found is not None and found.actions is not None and found.expected is None
    np.testing.assert_array_equal(found.actions, raw.argmax(1)[:, None])
    bounded = policy(Continuous(5, low=(-1.0,) * 5, high=(2.0,) * 5))
    found = _reference(bounded, trajectory(bounded, ("a", lambda y: y.clip(-1, 2))))
    assert found is not None and found.actions is not None and found.actions.dtype == np.float32
    np.testing.assert_allclose(found.actions, raw.clip(-1, 2))


def test_every_further_output_is_compared() -> None:
    """By the nearest of its shape; without one of its shape, or with another value, it is wrong."""
    program = policy()
    more = replace(program, outputs=(*program.outputs, program.outputs[0]),
                   output_names=(*program.output_names, "again"))
    first = trajectory(program, ("mean", lambda y: y))
    outputs = first.outputs["mean"]

    def verdict(**others: Any) -> str:
        return compare(more, replace(first, outputs={"mean": outputs, **others})).verdict
    near = outputs + np.float32(0.5)
    assert verdict(copy=outputs) == "agrees"
    assert verdict(far=near, copy=outputs) == "disagrees"  # what is far is in no output of ours
    assert verdict(copy=outputs, value=outputs[:, :1]) == "agrees"
    assert verdict(copy=near) == "disagrees" and verdict(short=outputs[:, :2]) == "disagrees"
