# SPDX-License-Identifier: MIT
"""Agents of scripts that were pickled whole: the functions between their layers are the file's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from puffer_edge.errors import UnsupportedError
from puffer_edge.frontends import LoadOptions, load_file
from puffer_edge.frontends.whole_module.between import Between, obeyed
from puffer_edge.ir import Builder, Continuous, Contract, Field, Program
from puffer_edge.ir.ops import LayerNormalization
from puffer_edge.readers.parameters import Parameters
from tests.frontends.agreement import agree


class Agent(nn.Module):
    """CleanRL's PPO, as far as its names go."""

    def __init__(self, *parts: nn.Module) -> None:
        super().__init__()
        self.actor = nn.Sequential(*parts)
        self.critic = nn.Sequential(nn.Linear(6, 8), nn.Sigmoid(), nn.Linear(8, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.actor(x)  # type: ignore[no-any-return]


def _stack(*between: list[nn.Module]) -> list[nn.Module]:
    """Layers of 8, the functions after each; the last layer has 3 outputs."""
    widths = [6, *[8] * (len(between) - 1), 3]
    return [part for index, functions in enumerate(between)
            for part in (nn.Linear(widths[index], widths[index + 1]), *functions)]


STACKS: dict[str, Any] = {
    "all alike": lambda: _stack([nn.ELU()], [nn.ELU()], []),
    "two kinds": lambda: _stack([nn.Tanh()], [nn.ReLU()], []),
    "one after the last": lambda: _stack([nn.Tanh()], [nn.Tanh()], [nn.Tanh()]),
    "none after the first": lambda: _stack([], [nn.ReLU()], []),
    "two after one": lambda: _stack([nn.Tanh(), nn.Dropout(), nn.Softplus(2)], []),
    "parameters": lambda: _stack([nn.LeakyReLU(0.3)], [nn.ELU(0.4)], [nn.Hardtanh(-0.1, 0.2)]),
    "the same parameter": lambda: _stack([nn.LeakyReLU(0.3)], [nn.LeakyReLU(0.3)], []),
    "GELU by tanh": lambda: _stack([nn.GELU("tanh")], [nn.ReLU6()], []),
    "alpha": lambda: _stack([nn.CELU(0.3)], [nn.Mish()], []),
}
BY_TREE: dict[str, Any] = {
    "a norm": lambda: _stack([nn.LayerNorm(8, eps=0.1), nn.Tanh()], []),
    "a norm without weights": lambda: _stack([nn.LayerNorm(8, elementwise_affine=False)], []),
    "a function first": lambda: [nn.Tanh(), *_stack([nn.Tanh()], [])],
    "Sequentials in it": lambda: [nn.Sequential(*_stack([nn.Tanh()], [nn.ELU()])),
                                  nn.Linear(3, 3)],
}


def _read(module: Any, path: Path, **options: Any) -> Program:
    torch.save(module, path)
    return load_file(path, LoadOptions(**options))


@pytest.mark.parametrize("name", STACKS)
def test_each_layer_has_the_function_of_the_file(name: str, tmp_path: Path) -> None:
    torch.manual_seed(len(name))
    agent = Agent(*STACKS[name]()).eval()
    for saved in (agent, {"agent": agent, "optimizer": {}}, {"model": agent, "args": {"lr": 1}}):
        program = _read(saved, tmp_path / "agent.pt")
        assert program.source.startswith("CleanRL, PPO with discrete actions")
        assert "forward-unseen" in {note.code for note in program.notes}
        agree(program, agent, {}, 6, steps=8)


@pytest.mark.parametrize("name", BY_TREE)
def test_layers_that_the_family_has_not_are_read_by_the_tree(name: str, tmp_path: Path) -> None:
    torch.manual_seed(len(name))
    agent = Agent(*BY_TREE[name]()).eval()
    program = _read(agent, tmp_path / "agent.pt")
    assert program.source == "whole module of torch.save, Agent"
    assert any(note.kind == "dropped" and "critic" in note.text for note in program.notes)
    assert "forward-unseen" in {note.code for note in program.notes}
    agree(program, agent, {}, 6, steps=8)


def test_a_spread_says_that_the_action_is_continuous(tmp_path: Path) -> None:
    agent = Agent(*BY_TREE["a norm"]()).eval()
    agent.actor_logstd = nn.Parameter(torch.zeros(1, 3))
    assert isinstance(_read(agent, tmp_path / "agent.pt").contract.action, Continuous)


def test_a_function_that_no_layer_of_the_family_has_is_refused(tmp_path: Path) -> None:
    agent = Agent(*STACKS["two kinds"]())
    agent.trunk = nn.Sequential(nn.Linear(6, 6), nn.Sigmoid())
    with pytest.raises(UnsupportedError, match="trunk"):
        _read(agent, tmp_path / "agent.pt")


def test_norms_have_the_epsilon_of_the_file_in_a_familys_program() -> None:
    builder = Builder("a family")
    x = builder.input("x", (1, 4))
    ones = np.ones(4, np.float32)
    y = builder.add(LayerNormalization, x=x, axis=1, layer="norm", epsilon=1e-5,
                    scale=builder.constant(ones), bias=builder.constant(ones))
    program = builder.build({"mean": y}, Contract((Field("obs", (4,)),), Continuous(4)))
    found = Parameters({}, {}, {"actor.norm.eps": 0.5})
    changed, done = obeyed(program, found, Between({"actor.norm": ()}, {}), "file")
    (op,) = changed.ops
    assert isinstance(op, LayerNormalization) and op.epsilon == 0.5 and done == {"actor.norm"}
