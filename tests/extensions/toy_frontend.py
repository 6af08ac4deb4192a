# SPDX-License-Identifier: MIT
"""A trainer of its own names, added as ARCHITECTURE.md says: files, and lines by place."""

READER = '''"""Toylab's state_dicts: ``toy_body`` and ``toy_head``, tanh between linear layers."""

from __future__ import annotations

from puffer_edge.arrays import Array
from puffer_edge.frontends.actor import Actor, build
from puffer_edge.frontends.layers import numbered
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.frontends.tensors import Tensors
from puffer_edge.ir import Program

NAME = "Toylab"


def matches(weights: dict[str, Array]) -> bool:
    """Whether the keys are this trainer's."""
    return "toy_body.0.weight" in weights and "toy_head.weight" in weights


def load_state_dict(weights: dict[str, Array], options: LoadOptions, *, where: str) -> Program:
    """The Program of such a file.

    Raises:
        FileFormatError: tensors do not fit each other.
        UsageError: the options do not fit the policy.
    """
    tensors = Tensors(weights, where)
    return build(Actor("Toylab, discrete actions", ["toy_head"], "logits",
                       before=numbered(tensors, "toy_body."), function="tanh"),
                 tensors, options, where)
'''
ROW = '''"""Toylab's files."""

from pathlib import Path

from tests.frontends.support.networks import linear, mlp, named, rows
from tests.frontends.support.row import Made, Row


def made(directory: Path) -> Made:
    """Two layers and a head."""
    import torch

    torch.manual_seed(1)
    body, head = mlp(torch, [6, 12, 10], torch.nn.Tanh, last=True), linear(torch, 10, 3)
    path = directory / "toy.pt"
    torch.save(named(torch, {"toy_body": body, "toy_head": head}).state_dict(), path)
    return Made(path, lambda x: {"logits": head(body(rows(torch, x))).detach().numpy()}, 6)


ROWS = (Row("Toylab", "MLP", "`toy.pt`", made, "Toylab, discrete actions"),)
'''
FILES = {"puffer_edge/frontends/toylab.py": READER, "tests/frontends/support/toylab.py": ROW}
LINES = {
    "puffer_edge/frontends/state_dict.py": (
        ("    whole_module,\n)", "    toylab,\n"),
        ("tianshou, skrl, d3rlpy)", "toylab, ")),
    "tests/frontends/support/__init__.py": (
        ("    trainers,\n", "    toylab,\n"), ("    *pufferlib.ROWS", "    *toylab.ROWS,\n")),
}
"""What a line comes before, and the line."""
