"""Zips that Stable-Baselines3 saves act as its policies do in torch.

The bound on the raw outputs is that of ``tests/error_bound.py``, derived from the operations. What
comes after the last layer is added here: a clip moves nothing; a tanh adds the error of both
implementations; bounds are off by what numpy leaves away when it prints them.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

import gymnasium
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
from torch import nn

import puffer_edge
from puffer_edge.errors import FileFormatError, UnsupportedError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Program
from puffer_edge.ir.functions import FUNCTIONS
from tests.error_bound import ErrorBound, U, gamma
from tests.readers.forging import zipped

PRINTED = 0.5e-8  # numpy prints eight digits after the point
VECTOR = Box(-1, 1, (5,))
STEPS = 25


class Env(gymnasium.Env):  # type: ignore[misc, type-arg, unused-ignore]
    """Draws observations that mean nothing, far apart in size."""

    def __init__(self, action: Space[Any], observation: Space[Any]) -> None:
        self.action_space = action
        self.observation_space = observation

    def draw(self) -> Any:
        space = self.observation_space
        if isinstance(space, Box) and space.dtype == np.float32:
            scale = np.logspace(-3, 3, int(np.prod(space.shape))).reshape(space.shape)
            return ((self.np_random.normal(size=space.shape) + 2) * scale).astype(np.float32)
        return space.sample()

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self.draw(), {}

    def step(self, action: Any) -> Any:
        return self.draw(), 0.0, False, False, {}


def make(action: Space[Any], observation: Space[Any] = VECTOR, *, kind: Any = PPO,
         keywords: dict[str, Any] | None = None, env: Any = None, policy: str = "MlpPolicy",
         **arguments: Any) -> Any:
    """A model with random weights: those of a new one hardly move its actions."""
    if kind in (PPO, A2C):
        arguments = {"n_steps": 8, **({"batch_size": 8} if kind is PPO else {}), **arguments}
    model = kind(policy, env or Env(action, observation), device="cpu", seed=1,
                 policy_kwargs=keywords, **arguments)
    random = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.policy.parameters():
            scale = 0.3 if parameter.ndim == 2 else 0.1
            parameter.copy_(scale * torch.randn(parameter.shape, generator=random))
    return model


ACTIVATIONS = ["Identity", *filter(None, (known.torch_class for known in FUNCTIONS.values()))]
MODELS: dict[str, Callable[[], Any]] = {
    "PPO, CartPole": lambda: make(Discrete(2), env="CartPole-v1"),
    "A2C, CartPole": lambda: make(Discrete(2), env="CartPole-v1", kind=A2C),
    "PPO, Pendulum": lambda: make(VECTOR, env="Pendulum-v1"),
    "A2C, Pendulum": lambda: make(VECTOR, env="Pendulum-v1", kind=A2C),
    "MultiDiscrete": lambda: make(MultiDiscrete([3, 2, 4])),
    "MultiBinary": lambda: make(MultiBinary(4)),
    "Discrete from -1": lambda: make(Discrete(3, start=-1)),
    **{name: partial(make, Discrete(3), keywords={
        "activation_fn": getattr(nn, name), "net_arch": [12, 9]}) for name in ACTIVATIONS},
    "no hidden layers": lambda: make(Discrete(3), keywords={"net_arch": []}),
    "no hidden layers, ReLU": lambda: make(
        VECTOR, keywords={"net_arch": [], "activation_fn": nn.ReLU}),
    "three layers": lambda: make(Discrete(3), keywords={"net_arch": [9, 17, 5]}),
    "actor and critic": lambda: make(
        Discrete(3), keywords={"net_arch": {"pi": [8], "vf": [5, 6, 7]}}),
    "deep actor": lambda: make(Discrete(3), keywords={"net_arch": {"pi": [8, 9, 7], "vf": [5]}}),
    "no actor layers": lambda: make(Discrete(3), keywords={"net_arch": {"pi": [], "vf": [5]}}),
    "no critic layers": lambda: make(Discrete(3), keywords={"net_arch": {"pi": [5], "vf": []}}),
    "two axes": lambda: make(Box(-1, 2, (2, 3)), Box(-1, 1, (4, 3))),
    "unequal bounds": lambda: make(Box(np.float32([-1, -0.1, 0]), np.float32([1 / 3, 7, 1e-3]))),
    "gSDE": lambda: make(Box(-1, 1, (2,)), use_sde=True),
    "squashed": lambda: make(Box(np.float32([-1, 0]), np.float32([0.5, 20])), use_sde=True,
                             keywords={"squash_output": True}),
    "squashed, ReLU": lambda: make(Box(-3, 1, (2,)), use_sde=True, keywords={
        "squash_output": True, "activation_fn": nn.ReLU}),
    "Discrete observation": lambda: make(Discrete(2), Discrete(4)),
    "MultiDiscrete observation": lambda: make(Discrete(2), MultiDiscrete([3, 2])),
    "MultiBinary observation": lambda: make(Discrete(2), MultiBinary(6)),
    "named FlattenExtractor": lambda: make(Discrete(2), keywords={
        "features_extractor_class": FlattenExtractor, "share_features_extractor": False}),
}


@cache
def model_of(name: str) -> Any:
    return MODELS[name]()


def saved(model: Any, directory: Path) -> Path:
    path = directory / "policy.zip"
    model.save(path)
    return path


def with_json(path: Path, place: str, **changes: Any) -> Path:
    """A copy of a zip that says something else; None is not said at all."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    tree = json.loads(members["data"])
    tree[place].update(changes)
    tree[place] = {key: value for key, value in tree[place].items() if value is not None}
    copy = path.with_name("changed.zip")
    copy.write_bytes(zipped({**members, "data": json.dumps(tree).encode()}.items()))
    return copy


def notes(program: Program, kind: str = "assumed") -> str:
    return "\n".join(note.text for note in program.notes if note.kind == kind)


def raw_outputs(model: Any, features: Any) -> dict[str, np.ndarray]:
    """What the last layers give for the features that the first ones take."""
    actor, critic = model.policy.mlp_extractor(features)
    action, value = model.policy.action_net(actor), model.policy.value_net(critic)
    if isinstance(model.action_space, MultiBinary):  # 1 where the logit is above 0
        action = torch.stack([torch.zeros_like(action), action], -1)
    return {"logits": action.numpy().reshape(-1), "mean": action.numpy().reshape(-1),
            "value": value.numpy().reshape(-1)}


def agree(program: Program, model: Any, observations: Any, normalize: Any = None) -> None:
    """Asserts the bounds on raw outputs and actions, for raw observations of the environment."""
    # The library normalises in float64 with exact constants; ours are rounded to float32.
    constants = {name: U * np.abs(program.constants[name]).astype(np.float64)
                 for name in ("VecNormalize.scale", "VecNormalize.shift")
                 if name in program.constants}
    runner, bound = Interpreter(program), ErrorBound(program, constants)
    decided = 0
    for observation in observations:
        seen = observation if normalize is None else normalize(observation)
        with torch.no_grad():
            features = model.policy.extract_features(model.policy.obs_to_tensor(seen)[0])
            features = features[0] if isinstance(features, tuple) else features
            theirs = raw_outputs(model, features)
        x = features.numpy() if normalize is None else observation
        limits, ours = bound.step(runner.values(x)), runner.step(x)
        assert "value" in ours
        for name, mine in ours.items():
            assert mine.shape == theirs[name].shape
            difference = np.abs(mine.astype(np.float64) - theirs[name])
            assert np.all(difference <= limits[name]), name
            assert limits[name].max() <= 1e-2 * max(np.abs(theirs[name]).max(), 1)
        name = program.output_names[0]
        action, _ = model.predict(seen, deterministic=True)
        decided += action_agrees(program, model, ours[name], limits[name], action)
    assert decided >= 0.9 * len(observations)


def action_agrees(program: Program, model: Any, raw: np.ndarray, limit: np.ndarray,
                  theirs: Any) -> bool:
    """Asserts the same action; False where two logits are too close to call."""
    head = program.contract.action
    ours = head.act(raw)
    if isinstance(head, Continuous):
        space = model.action_space
        limit = limit.copy()
        if head.squash:
            # tanh has a slope of at most 1; torch's is within 4 u. The rescaling rounds four times.
            limit += FUNCTIONS["tanh"].abs_error + FUNCTIONS["tanh"].rel_error + 4 * U
            size = np.maximum(np.abs(space.low), np.abs(space.high)).reshape(-1)
            limit = limit * (space.high - space.low).reshape(-1) / 2 + 4 * gamma(4) * size
        if head.low:
            finite = np.abs(np.float64([head.low, head.high])) < 1e38
            limit += PRINTED + (gamma(1) * np.abs([head.low, head.high]) * finite).max(0)
        assert np.all(np.abs(ours - theirs.reshape(-1)) <= limit)
        return True
    parts = zip(np.split(raw, np.cumsum(head.sizes)[:-1]),
                np.split(limit, np.cumsum(head.sizes)[:-1]), strict=True)
    for part, error in parts:
        order = np.argsort(part)
        if len(part) > 1 and part[order[-1]] - part[order[-2]] <= error[order[-2:]].sum():
            return False
    # Neither adds gymnasium's Discrete(start=); a note warns of it.
    assert ours.tolist() == np.asarray(theirs).reshape(-1).tolist()
    return True


def observations_of(model: Any) -> list[Any]:
    space = model.observation_space
    if not isinstance(space, Box):
        return [space.sample() for _ in range(STEPS)]
    random = np.random.default_rng(2)
    return [(random.normal(size=space.shape) * 10.0 ** random.integers(-2, 2)).astype(np.float32)
            for _ in range(STEPS)]


@pytest.mark.parametrize("name", MODELS)
def test_agreement(name: str, tmp_path: Path) -> None:
    model = model_of(name)
    program = puffer_edge.load(saved(model, tmp_path), keep_value=True)
    agree(program, model, observations_of(model))


def test_the_bound_tells_a_wrong_activation(tmp_path: Path) -> None:
    model = model_of("ReLU")
    program = puffer_edge.load(saved(model, tmp_path), keep_value=True, activation="tanh")
    with pytest.raises(AssertionError):
        agree(program, model, observations_of(model))


def test_what_the_file_tells_is_not_assumed(tmp_path: Path) -> None:
    program = puffer_edge.load(saved(model_of("ReLU"), tmp_path))
    assert "tanh" not in notes(program) and "not normalised" in notes(program)
    assert "one discrete action" not in notes(program)
    program = puffer_edge.load(saved(model_of("PPO, CartPole"), tmp_path))
    assert "the activation is tanh" in notes(program, "stated")
    assert program.source.startswith("Stable-Baselines3 2.")
    program = puffer_edge.load(saved(model_of("no hidden layers"), tmp_path))
    assert "tanh" not in notes(program)  # there is none
    program = puffer_edge.load(saved(model_of("Discrete observation"), tmp_path))
    assert "one-hot encoding, 4 elements" in notes(program, "stated")
    program = puffer_edge.load(saved(model_of("Discrete from -1"), tmp_path))
    assert "start at (-1,)" in notes(program, "warning")


def test_bounds(tmp_path: Path) -> None:
    def head(name: str) -> Any:
        return puffer_edge.load(saved(model_of(name), tmp_path)).contract.action

    assert head("PPO, Pendulum") == Continuous(1, low=(-2.0,), high=(2.0,))
    unequal = head("unequal bounds")
    np.testing.assert_allclose(unequal.low, [-1, -0.1, 0], atol=PRINTED, rtol=2 * U)
    np.testing.assert_allclose(unequal.high, [1 / 3, 7, 1e-3], atol=PRINTED, rtol=2 * U)
    squashed = head("squashed")
    assert squashed.squash and squashed.rescale and squashed.low == (-1.0, 0.0)


def test_bounds_of_older_versions_may_be_infinite(tmp_path: Path) -> None:
    path = saved(model_of("gSDE"), tmp_path)
    half = puffer_edge.load(with_json(path, "action_space", low="[-1. -inf]", high="[inf 0.5]"))
    assert half.contract.action.low[0] == -1 and half.contract.action.high[1] == 0.5
    assert half.contract.action.act(np.float32([3e38, -3e38])).tolist() == [
        np.float32(3e38), np.float32(-3e38)]
    free = puffer_edge.load(with_json(path, "action_space", low="[-inf -inf]", high="[inf inf]"))
    assert free.contract.action == Continuous(2) and "not clipped" in notes(free)


def test_options_win_over_the_file(tmp_path: Path) -> None:
    path = saved(model_of("PPO, Pendulum"), tmp_path)
    program = puffer_edge.load(path, action_low=(-0.5,), action_high=(0.25,))
    assert program.contract.action == Continuous(1, low=(-0.5,), high=(0.25,))
    assert "bounds" not in notes(program)
    path = saved(model_of("MultiDiscrete"), tmp_path)
    assert puffer_edge.load(path).contract.action.sizes == (3, 2, 4)
    assert puffer_edge.load(path, action_sizes=(5, 4)).contract.action.sizes == (5, 4)
    with pytest.raises(UsageError, match="add up"):
        puffer_edge.load(path, action_sizes=(5, 5))


@pytest.mark.parametrize(("policy", "keywords", "squashed"), [
    ("LinearPolicy", {}, False), ("LinearPolicy", {"squash_output": True, "with_bias": True}, True),
    ("MlpPolicy", {}, True), ("MlpPolicy", {"squash_output": False, "with_bias": False}, False),
    ("MlpPolicy", {"net_arch": [], "activation_fn": nn.Tanh}, True)])
def test_ars(policy: str, keywords: dict[str, Any], squashed: bool, tmp_path: Path) -> None:
    """Squashed unless linear, and unless the file says otherwise; bounds are clipped to."""
    contrib = pytest.importorskip("sb3_contrib")
    box = Box(np.float32([-2, 0]), np.float32([1, 3]))
    model = make(box, kind=contrib.ARS, policy=policy, keywords=keywords)
    program = puffer_edge.load(saved(model, tmp_path))
    head = program.contract.action
    assert isinstance(head, Continuous) and head.squash == head.rescale == squashed
    assert program.source.endswith("ARS")
    runner, bound = Interpreter(program), ErrorBound(program)
    for x in observations_of(model):
        limits = bound.step(runner.values(x))["mean"]
        raw = runner.step(x)["mean"]
        action, _ = model.predict(x, deterministic=True)
        assert action_agrees(program, model, raw, limits, action)
    # Without the class's name, as no version of the library writes it, the layers tell.
    path = with_json(saved(model, tmp_path), "policy_class", __init__=None)
    if keywords.get("net_arch") != []:
        assert puffer_edge.load(path).contract.action == head


class Doubling(FlattenExtractor):
    """Has no parameters, so that nothing in the weights tells of it."""

    def forward(self, observations: Any) -> Any:
        return 2 * super().forward(observations)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "an extractor without parameters": (lambda: make(
        Discrete(2), keywords={"features_extractor_class": Doubling}), "extractor .*Doubling"),
    "an activation with arguments": (lambda: make(Discrete(2), keywords={
        "activation_fn": partial(nn.LeakyReLU, 0.3)}), r"functools\.partial"),
    "an activation with parameters": (lambda: make(
        Discrete(2), keywords={"activation_fn": nn.PReLU}), "no stack of linear layers"),
    "an activation that we do not know": (lambda: make(
        Discrete(2), keywords={"activation_fn": nn.Hardshrink}), "Hardshrink"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    create, what = REFUSED[name]
    with pytest.raises(UnsupportedError, match=what) as caught:
        puffer_edge.load(saved(create(), tmp_path))
    assert caught.value.hint and str(tmp_path) in caught.value.where


def test_an_unknown_activation_can_be_given(tmp_path: Path) -> None:
    model = make(Discrete(3), keywords={"activation_fn": lambda: nn.ELU()})
    path = saved(model, tmp_path)
    with pytest.raises(UnsupportedError, match="lambda"):
        puffer_edge.load(path)
    program = puffer_edge.load(path, activation="elu", keep_value=True)
    agree(program, model, observations_of(model))


def test_spaces_of_old_gym(tmp_path: Path) -> None:
    """Where the shape was no property yet, and nothing had a start."""
    path = saved(model_of("unequal bounds"), tmp_path)
    old = with_json(with_json(path, "action_space", _shape=None, shape=[3], **{
        ":type:": "<class 'gym.spaces.box.Box'>"}), "observation_space", _shape=None, shape=[5])
    assert puffer_edge.load(old).contract == puffer_edge.load(path).contract
    path = saved(model_of("MultiDiscrete"), tmp_path)
    old = with_json(path, "action_space", start=None, _shape=None)
    assert puffer_edge.load(old).contract == puffer_edge.load(path).contract


def test_spaces_that_are_not_those_of_the_weights(tmp_path: Path) -> None:
    for name, place, changes in (
            ("unequal bounds", "action_space", {"_shape": [4]}),
            ("unequal bounds", "observation_space", {"_shape": [6]}),
            ("ReLU", "action_space", {"n": "4"}),
            ("ReLU", "observation_space", {"_shape": [5, 2]})):
        path = with_json(saved(model_of(name), tmp_path), place, **changes)
        with pytest.raises(FileFormatError, match="space"):
            puffer_edge.load(path)


@pytest.mark.parametrize(("module", "what"), [
    ("sb3_contrib.common.maskable.policies", "action masks"), ("my_own.nets", "my_own.nets")])
def test_classes_that_are_not_the_librarys_are_noted(module: str, what: str,
                                                     tmp_path: Path) -> None:
    path = with_json(saved(model_of("ReLU"), tmp_path), "policy_class", __module__=module)
    assert what in notes(puffer_edge.load(path), "warning")


def vec_env(observation: Space[Any], steps: int = 30, **options: Any) -> Any:
    env = VecNormalize(DummyVecEnv([lambda: Env(Discrete(3), observation)]), **options)
    env.seed(4)
    env.reset()
    for _ in range(steps):
        env.step([0])
    return env


def statistics(env: Any, directory: Path) -> Path:
    path = directory / "vecnormalize.pkl"
    env.save(str(path))
    return path


@pytest.mark.parametrize("options", [{}, {"clip_obs": 1.5}, {"clip_obs": np.inf},
                                     {"epsilon": 1e-2}], ids=str)
@pytest.mark.parametrize("shape", [(5,), (2, 3)])
def test_the_whole_chain_with_vec_normalize(shape: tuple[int, ...], options: dict[str, Any],
                                            tmp_path: Path) -> None:
    env = vec_env(Box(-1, 1, shape), **options)
    model = make(Discrete(3), env=env)
    program = puffer_edge.load(saved(model, tmp_path), vec_normalize=statistics(env, tmp_path),
                               keep_value=True)
    assert "not normalised" not in notes(program)
    draw = Env(Discrete(3), Box(-1, 1, shape))
    draw.reset(seed=9)
    env.training = False
    raw = [draw.draw() * factor for factor in (1, 3, 0.1, 0) for _ in range(10)]
    normal = [env.normalize_obs(x) for x in raw]
    assert max(np.abs(x).max() for x in normal) >= min(env.clip_obs, 3)  # the clip is used
    agree(program, model, raw, env.normalize_obs)


def test_statistics_of_dictionaries(tmp_path: Path) -> None:
    """Each key has its own; a key that is not normalised stays as it is."""
    space = Dict({"a": Box(-9, 9, (3,)), "b": Box(-9, 9, (2,)), "c": MultiBinary(2)})
    class Parts(Env):
        def draw(self) -> Any:
            return {"a": self.np_random.normal(3, 5, 3).astype(np.float32),
                    "b": self.np_random.normal(-1, 0.1, 2).astype(np.float32),
                    "c": self.np_random.integers(0, 2, 2).astype(np.int8)}

    env = VecNormalize(DummyVecEnv([lambda: Parts(Discrete(3), space)]), norm_obs_keys=["a", "b"],
                       clip_obs=1.5)
    env.seed(4)
    env.reset()
    for _ in range(30):
        env.step([0])
    env.training = False
    model = make(Discrete(3), env=env, policy="MultiInputPolicy")
    program = puffer_edge.load(saved(model, tmp_path), vec_normalize=statistics(env, tmp_path))
    assert [(f.name, f.size) for f in program.contract.observation] == [
        ("a", 3), ("b", 2), ("c", 2)]
    draw, runner = Parts(Discrete(3), space), Interpreter(program)
    draw.reset(seed=9)
    for _ in range(STEPS):
        raw = draw.draw()
        normal = env.normalize_obs({key: value[None] for key, value in raw.items()})
        features = model.policy.extract_features(
            {key: torch.from_numpy(np.asarray(value)).float() for key, value in normal.items()})
        with torch.no_grad():
            actor, _ = model.policy.mlp_extractor(features)
            theirs = model.policy.action_net(actor).numpy().ravel()
        flat = np.concatenate([np.asarray(raw[key], np.float32) for key in "abc"])
        np.testing.assert_allclose(runner.step(flat)["logits"], theirs, rtol=0, atol=1e-5)
    with pytest.raises(UnsupportedError, match="dictionaries"):
        puffer_edge.load(saved(model, tmp_path), vec_normalize=statistics(vec_env(VECTOR),
                                                                          tmp_path))


def test_without_the_statistics_it_is_another_policy(tmp_path: Path) -> None:
    env = vec_env(VECTOR)
    model = make(Discrete(3), env=env)
    program = puffer_edge.load(saved(model, tmp_path), keep_value=True)
    assert "not normalised" in notes(program)
    draw = Env(Discrete(3), VECTOR)
    draw.reset(seed=9)
    with pytest.raises(AssertionError):
        agree(program, model, [draw.draw()], env.normalize_obs)


def test_statistics_of_rewards_only(tmp_path: Path) -> None:
    env = vec_env(VECTOR, norm_obs=False)
    model = make(Discrete(3), env=env)
    program = puffer_edge.load(saved(model, tmp_path), vec_normalize=statistics(env, tmp_path),
                               keep_value=True)
    assert "does not normalise observations" in notes(program, "warning")
    agree(program, model, observations_of(model))


def test_statistics_that_do_not_fit(tmp_path: Path) -> None:
    path = saved(model_of("ReLU"), tmp_path)
    with pytest.raises(FileFormatError, match="4 features, the policy takes 5"):
        puffer_edge.load(path, vec_normalize=statistics(vec_env(Box(-1, 1, (4,))), tmp_path))
    with pytest.raises(UnsupportedError, match="dictionaries"):
        puffer_edge.load(path, vec_normalize=statistics(vec_env(Dict({"a": VECTOR})), tmp_path))
    for wrong in (path, tmp_path, tmp_path / "nothing"):
        with pytest.raises(FileFormatError):
            puffer_edge.load(path, vec_normalize=wrong)
