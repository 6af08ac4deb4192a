# SPDX-License-Identifier: MIT
"""Zips that Stable-Baselines3 saves act as its policies do in torch.

The bound on the raw outputs is that of ``tests/error_bound.py``, derived from the operations. What
comes after the last layer is added here: a clip moves nothing; a tanh adds the error of both
implementations; bounds are off by what numpy leaves away when it prints them.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

import torch
from gymnasium.spaces import Box, Discrete
from stable_baselines3.common.torch_layers import FlattenExtractor
from torch import nn

import puffer_edge
from puffer_edge.errors import FileFormatError, UnsupportedError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous
from tests.error_bound import ErrorBound, U
from tests.readers.stable_baselines3_models import (
    MODELS,
    PRINTED,
    action_agrees,
    agree,
    make,
    model_of,
    notes,
    observations_of,
    saved,
    with_json,
)


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


def _of_1_6(path: Path, *, linear: bool) -> Path:
    """The zip as sb3-contrib 1.6.2 writes it: a linear policy is no Sequential."""
    old = path.with_name("old.zip")
    with zipfile.ZipFile(path) as found, zipfile.ZipFile(old, "w") as written:
        for name in found.namelist():
            content = found.read(name)
            if name == "policy.pth" and linear:
                weights = torch.load(io.BytesIO(content), weights_only=True)
                buffer = io.BytesIO()
                torch.save({key.replace(".0.", "."): array for key, array in weights.items()},
                           buffer)
                content = buffer.getvalue()
            written.writestr(name, b"1.6.2" if name == "_stable_baselines3_version" else content)
    return old


@pytest.mark.parametrize(("keywords", "policy"), [
    ({}, "LinearPolicy"), ({"with_bias": True}, "LinearPolicy"), ({}, "MlpPolicy"),
    ({"squash_output": False}, "MlpPolicy")])
def test_ars_of_older_versions(keywords: dict[str, Any], policy: str, tmp_path: Path) -> None:
    """The same but for tanh, with which the layers of an MlpPolicy always ended."""
    contrib = pytest.importorskip("sb3_contrib")
    model = make(Box(np.float32([-0.5, 0]), np.float32([0.7, 3])), kind=contrib.ARS, policy=policy,
                 keywords=keywords)
    path = _of_1_6(saved(model, tmp_path), linear=policy == "LinearPolicy")
    if policy == "MlpPolicy" and keywords:
        model.policy.action_net.append(nn.Tanh())
    program = puffer_edge.load(path)
    runner = Interpreter(program)
    for x in observations_of(model):
        action, _ = model.predict(x, deterministic=True)
        assert np.allclose(program.act(runner.step(x)), action, atol=1e-5)


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
