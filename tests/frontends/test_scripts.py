# SPDX-License-Identifier: MIT
"""Checkpoints of people's own scripts, beside the rows of the table."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

import puffer_edge
from puffer_edge.errors import PufferEdgeError, UnsupportedError, UsageError
from puffer_edge.frontends import chain
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Discrete, Program
from tests.frontends.support.networks import Memory, mlp, named


@pytest.fixture
def actor() -> Any:
    torch.manual_seed(5)
    return mlp(torch, [6, 12, 3], nn.Tanh)


def saved(tree: Any, directory: Path) -> Path:
    path = directory / "agent.pt"
    torch.save(tree, path)
    return path


def agent(actor: Any, **beside: Any) -> dict[str, Any]:
    parts = {"actor": actor, "critic": mlp(torch, [6, 8, 1], nn.Tanh), **beside}
    return dict(named(torch, parts).state_dict())


def notes(program: Program, kind: str) -> str:
    return "\n".join(note.text for note in program.notes if note.kind == kind)


def agrees(program: Program, module: Any) -> None:
    """Sums of at most 12 terms of small numbers, in two layers: off by less than 2^-18."""
    for x in np.random.default_rng(0).standard_normal((8, 6)).astype(np.float32):
        with torch.no_grad():
            theirs = module(torch.from_numpy(x)[None]).numpy().reshape(-1)
        (ours,) = Interpreter(program).step(x).values()
        assert np.allclose(ours, theirs, rtol=0, atol=2**-18)


@pytest.mark.parametrize("spread", [None, "log_std", "actor_logstd"])
@pytest.mark.parametrize("config", [{}, {"activation": "relu"}])
def test_a_scripts_agent_is_not_rsl_rls(actor: Any, spread: str | None, config: dict[str, str],
                                        tmp_path: Path) -> None:
    if config:
        actor = nn.Sequential(actor[0], nn.ReLU(), actor[2])
    beside = {spread: nn.Parameter(torch.zeros(3))} if spread else {}
    path = saved({"model_state_dict": agent(actor, **beside), "config": {"seed": 1, **config}},
                 tmp_path)
    program = puffer_edge.load(path)
    assert "CleanRL" in program.source
    assert isinstance(program.contract.action, Continuous if spread else Discrete)
    agrees(program, actor)


def test_rsl_rls_own_is_still_its(actor: Any, tmp_path: Path) -> None:
    spread = nn.Parameter(torch.zeros(3))
    for name in ("std", "log_std"):
        path = saved({"model_state_dict": agent(actor, **{name: spread}), "iter": 9,
                      "infos": None}, tmp_path)
        assert "rsl_rl" in puffer_edge.load(path).source


@pytest.mark.parametrize("wrappers", itertools.permutations(("agent", "module", "state_dict"), 2))
def test_what_is_beside_is_named(actor: Any, wrappers: tuple[str, ...], tmp_path: Path) -> None:
    tree: dict[str, Any] = agent(actor)
    for wrapper in wrappers:
        tree = {wrapper: tree, f"{wrapper}_step": torch.tensor(5),
                f"qf_{wrapper}": {"w": torch.zeros(3, 3)}}
    program = puffer_edge.load(saved(tree, tmp_path))
    agrees(program, actor)
    for wrapper in wrappers:
        assert f"{wrapper}_step, qf_{wrapper}" in notes(program, "dropped")


def test_weights_beside_are_not_dropped(actor: Any, tmp_path: Path) -> None:
    """An encoder beside may well be what the agent sees the observation through."""
    path = saved({"agent": agent(actor), "encoder": {"0.weight": torch.zeros(5, 5)}}, tmp_path)
    with pytest.raises(PufferEdgeError):
        puffer_edge.load(path, activation="tanh")


@pytest.mark.parametrize("said", ["Tanh", "nn.Tanh", "torch.nn.Tanh()", nn.Tanh])
def test_the_activation_of_the_config(actor: Any, said: Any, tmp_path: Path) -> None:
    tree = {"state_dict": {f"fc{index + 1}.{kind}": getattr(actor[2 * index], kind)
                           for index in (0, 1) for kind in ("weight", "bias")},
            "config": {"activation": said, "env_id": "Robot-v0"}}
    program = puffer_edge.load(saved(tree, tmp_path), action="discrete")
    agrees(program, actor)
    assert "config.activation" in notes(program, "stated")
    assert "Robot-v0" in notes(program, "stated")


@pytest.mark.parametrize(("config", "what"), [
    ({"hidden_dims": [64, 64]}, "hidden_dims in the file says 64, 64"),
    ({"hidden_size": 7}, "hidden_size in the file says 7"),
    ({"obs_dim": 9}, "obs_dim in the file says 9, the observation of the weights: 6"),
    ({"num_actions": 4}, "num_actions in the file says 4"),
])
def test_sizes_of_another_run_are_told(config: dict[str, Any], what: str, actor: Any,
                                       tmp_path: Path) -> None:
    weights = {f"fc{index + 1}.{kind}": getattr(actor[2 * index], kind)
               for index in (0, 1) for kind in ("weight", "bias")}
    hidden, observed, acted = actor[0].out_features, actor[0].in_features, actor[2].out_features
    good = {"hidden_dims": [hidden], "hidden_size": hidden, "obs_dim": observed,
            "num_actions": acted}
    for said, told in ((good, False), (good | config, True)):
        tree = {"state_dict": weights, "config": {"activation": "tanh", **said}}
        program = puffer_edge.load(saved(tree, tmp_path), action="discrete")
        assert (what in notes(program, "warning")) == told
        assert ("in the file says" in notes(program, "warning")) == told


def test_the_activation_is_asked_for(actor: Any, tmp_path: Path) -> None:
    """... and the hint is right: with it, the file is read."""
    weights = {f"fc{index + 1}.{kind}": getattr(actor[2 * index], kind)
               for index in (0, 1) for kind in ("weight", "bias")}
    path = saved(weights, tmp_path)
    with pytest.raises(UsageError, match="fc1, fc2") as caught:
        puffer_edge.load(path)
    assert "activation=" in str(caught.value.hint)
    agrees(puffer_edge.load(path, activation="tanh"), actor)


def test_one_order_or_none(tmp_path: Path) -> None:
    """Against all permutations, of which those count that the names allow."""
    random = np.random.default_rng(2)
    names = ["a", "b", "c", "d"]
    single = several = 0
    for _ in range(200):
        widths = random.integers(1, 4, (4, 2))
        layers = [chain.Layer(name, int(i), int(o)) for name, (i, o)
                  in zip(names, widths, strict=True)]
        right = [order for order in itertools.permutations(layers)
                 if all(x.outputs == y.inputs for x, y in itertools.pairwise(order))]
        found = chain.orders(layers)
        assert len(found) == min(len(right), 2)
        assert set(found) <= set(right)
        single, several = single + (len(right) == 1), several + (len(right) > 1)
    assert single > 5
    assert several > 5
    weights = {f"{name}.weight": torch.zeros(size) for name, size in (
        ("first", (5, 6)), ("one", (5, 5)), ("other", (5, 5)), ("out", (3, 5)))}
    with pytest.raises(UnsupportedError, match="no known family"):
        puffer_edge.load(saved(weights, tmp_path), activation="relu")


def test_layers_side_by_side(tmp_path: Path) -> None:
    """Two layers of a Sequential with nothing between are not read with a function there."""
    net = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 5), nn.ReLU())
    weights = named(torch, {"network": net, "actor": nn.Linear(5, 2)}).state_dict()
    with pytest.raises(UnsupportedError, match=r"nothing lies between network\.0 and network\.1"):
        puffer_edge.load(saved(weights, tmp_path), activation="relu")


@pytest.mark.parametrize("recurrent", [False, True])
def test_the_hint_has_a_map_of_the_files_own_keys(recurrent: bool, tmp_path: Path) -> None:
    """As it stands it is read, where the file's order is that of forward."""
    torch.manual_seed(8)
    first, one, other, out = (nn.Linear(i, o) for i, o in ((6, 8), (8, 8), (8, 8), (8, 3)))
    memory = Memory(nn.GRU(8, 8))
    parts = {"first": first, "one": one, **({"memory": memory.module} if recurrent else {}),
             "other": other, "out": out, "critic": nn.Linear(8, 1),
             "log_std": nn.Parameter(torch.zeros(3))}
    path = saved(named(torch, parts).state_dict(), tmp_path)
    with pytest.raises(UnsupportedError, match="no known family") as caught:
        puffer_edge.load(path, activation="relu")
    keys = tmp_path / "keys.toml"
    keys.write_text(str(caught.value.hint).partition("forward:")[2])
    program = puffer_edge.load(path, key_map=keys)
    runner = Interpreter(program)
    with torch.no_grad():
        for x in np.random.default_rng(0).standard_normal((64, 6)).astype(np.float32):
            h = torch.relu(one(torch.relu(first(torch.from_numpy(x)[None]))))
            h = memory(h) if recurrent else h
            theirs = out(torch.relu(other(h))).numpy().reshape(-1)
            # Sums of at most 8 terms of small numbers, a GRU that forgets: below 2^-18.
            assert np.allclose(runner.step(x)["logits"], theirs, rtol=0, atol=2**-18)


def test_a_whole_module_in_a_dictionary(tmp_path: Path) -> None:
    """Its layers, with their parameters and each its own function, are in the file."""
    torch.manual_seed(9)
    net = nn.Sequential(nn.Linear(6, 8), nn.ELU(0.7), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3))
    path = saved({"model": net, "optimizer": {"lr": 1e-3}, "epoch": 3}, tmp_path)
    program = puffer_edge.load(path, action="discrete")
    agrees(program, net)
    assert "whole module" in program.source
