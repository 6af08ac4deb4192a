# SPDX-License-Identifier: MIT
"""Checkpoints of people's own scripts: agents in dictionaries, layers by attribute names."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.frontends.support.networks import Memory, linear, mlp, named, rows
from tests.frontends.support.row import Made, Row

N, A = 6, 3
Make = Callable[[Path], Made]


def _agent(*, continuous: bool) -> Make:
    """CleanRL's agent in a dictionary of a training script, with the run's settings."""
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(31)
        actor, critic = (mlp(torch, [N, 12, 10, size], torch.nn.ELU) for size in (A, 1))
        parts: dict[str, Any] = {"actor": actor, "critic": critic}
        if continuous:
            parts["log_std"] = torch.nn.Parameter(torch.zeros(A))
        weights = named(torch, parts).state_dict()
        path = directory / "checkpoint_100.pt"
        if continuous:
            tree: dict[str, Any] = {"agent": {"model": {f"module.{key}": value for key, value
                                                        in weights.items()}},
                                    "args": argparse.Namespace(activation=torch.nn.ELU, seed=1)}
        else:
            tree = {"model_state_dict": weights, "optimizer_state_dict": {"state": {}},
                    "config": {"env_id": "Robot-v0", "activation": "ELU"}, "iter": 7}
        torch.save(tree, path)
        output = "mean" if continuous else "logits"
        return Made(path, lambda x: {output: actor(rows(torch, x)).detach().numpy()}, N)
    return make


def _trunk(cell: str = "", *, step: bool = False) -> Make:
    """``network``, a cell, ``actor`` and ``critic``."""
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(32)
        nn = torch.nn
        network = mlp(torch, [4, 12, 12], nn.ReLU, last=True)
        actor, critic = linear(torch, 12, 2), linear(torch, 12, 1)
        parts: dict[str, Any] = {"network": network, "actor": actor, "critic": critic}
        memory: Any = None
        if step:
            memory = parts["cell"] = getattr(nn, f"{cell}Cell")(12, 12)
        elif cell:
            memory = Memory(getattr(nn, cell)(12, 12))
            parts["rnn"] = memory.module
        path = directory / "agent.pt"
        torch.save(named(torch, parts).state_dict(), path)
        state: list[Any] = [None]

        def forward(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                h = network(rows(torch, x))
                if step:
                    h = state[0] = memory(h, state[0])
                elif memory:
                    h = memory(h)
                return {"logits": actor(h).numpy()}
        return Made(path, forward, 4, {"activation": "relu"}, steps=64)
    return make


def _attributes(*names: str, start: str = "", critic: str = "", mean: bool = False) -> Make:
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(33)
        layers = [linear(torch, *sizes) for sizes in ((N, 12), (12, 12), (12, A))]
        parts = dict(zip([f"{start}{name}" for name in names], layers, strict=True))
        if critic:
            parts |= {f"{critic}{name}": linear(torch, 12, 12) for name in names}
        path = directory / "policy.pth"
        torch.save(named(torch, parts).state_dict(), path)

        def step(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                h = rows(torch, x)
                for layer in layers[:-1]:
                    h = torch.tanh(layer(h))
                return {"mean" if mean else "logits": layers[-1](h).numpy()}
        options = {"activation": "tanh", **({"action": "continuous"} if mean else {})}
        return Made(path, step, N, options)
    return make


def _tianshou_model(directory: Path) -> Made:
    import torch
    torch.manual_seed(34)
    hidden, last = mlp(torch, [N, 12, 12], torch.nn.ReLU, last=True), linear(torch, 12, A)
    parts = {"actor.preprocess.model.model": hidden, "actor.mu.model.0": last,
             "actor.sigma_param": torch.nn.Parameter(torch.zeros(A, 1)),
             "critic.preprocess.model.model": mlp(torch, [N, 12, 12], torch.nn.ReLU),
             "critic.last.model.0": linear(torch, 12, 1)}
    path = directory / "checkpoint.pth"
    torch.save({"model": named(torch, parts).state_dict(), "optim": {"state": {}}}, path)
    return Made(path, lambda x: {"mean": last(hidden(rows(torch, x))).detach().numpy()}, N)


_OWN = "state_dict of a script's own network"
ROWS: tuple[Row, ...] = (
    Row("A script like CleanRL's", "discrete", "`{\"model_state_dict\", \"config\"}`",
        _agent(continuous=False), "CleanRL, PPO with discrete actions"),
    Row("A script like CleanRL's", "continuous, in two wrappers", "`{\"agent\", \"args\"}`",
        _agent(continuous=True), "CleanRL, PPO with continuous actions", "`--action-low/-high`"),
    Row("A script's own", "`network`, `actor`, `critic`", "state_dict", _trunk(), _OWN,
        "`--activation`"),
    Row("A script's own", "the same with an LSTM", "state_dict", _trunk("LSTM"), _OWN,
        "`--activation`"),
    Row("A script's own", "the same with a GRUCell", "state_dict", _trunk("GRU", step=True), _OWN,
        "`--activation`"),
    Row("A script's own", "`fc1`, `fc2`, `fc3`", "state_dict", _attributes("fc1", "fc2", "fc3"),
        _OWN, "`--activation`, `--action`"),
    Row("A script's own", "`actor.l1`, ..., `actor.mu`", "state_dict",
        _attributes("l1", "l2", "mu", start="actor.", critic="critic.", mean=True), _OWN,
        "`--activation`, `--action`"),
    Row("A script's own", "Q-network and target", "dictionary of state_dicts",
        _attributes("layer1", "layer2", "layer3", start="q.", critic="target."), _OWN,
        "`--activation`"),
    Row("Tianshou", "Gaussian actor", "`{\"model\"}`", _tianshou_model,
        "Tianshou, continuous actor", "`--activation`"),
)
