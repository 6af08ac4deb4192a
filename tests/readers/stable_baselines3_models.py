# SPDX-License-Identifier: MIT
"""Models of Stable-Baselines3, and whether a Program acts as one does."""

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
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete, Space
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.torch_layers import FlattenExtractor
from torch import nn

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
