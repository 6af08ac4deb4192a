# SPDX-License-Identifier: MIT
"""What the source networks are built from."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from puffer_edge.arrays import Array

Torch = Any


def linear(torch: Torch, inputs: int, outputs: int, *, bias: bool = True) -> Any:
    """A layer whose outputs are large enough for the function after it to be seen."""
    layer = torch.nn.Linear(inputs, outputs, bias=bias)
    with torch.no_grad():
        layer.weight *= 2
    return layer


def named(torch: Torch, parts: dict[str, Any]) -> Any:
    """A module whose children and parameters have these dotted names."""
    root = torch.nn.Module()
    for name, child in parts.items():
        at = root
        *path, last = name.split(".")
        for step in path:
            if not hasattr(at, step):
                at.add_module(step, torch.nn.Module())
            at = getattr(at, step)
        if isinstance(child, torch.nn.Parameter):
            at.register_parameter(last, child)
        elif isinstance(child, torch.Tensor):
            at.register_buffer(last, child)
        else:
            at.add_module(last, child)
    return root


def mlp(torch: Torch, sizes: list[int], activation: Any, *, last: bool = False) -> Any:
    """nn.Sequential of linear layers with a function after each, the last one on demand."""
    layers: list[Any] = []
    for inputs, outputs in pairwise(sizes):
        layers += [linear(torch, inputs, outputs), activation()]
    return torch.nn.Sequential(*(layers if last else layers[:-1]))


def rows(torch: Torch, x: Array) -> Any:
    """An observation as a batch of one."""
    return torch.from_numpy(np.asarray(x, np.float32)).reshape(1, -1)


class Memory:
    """An nn.LSTM or nn.GRU that takes one step after the other.

    Args:
        module: the layer; batch_first must be off.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.state: Any = None

    def __call__(self, x: Any) -> Any:
        """[1, I] to [1, H]."""
        y, self.state = self.module(x.unsqueeze(0), self.state)
        return y.squeeze(0)


def normaliser(torch: Any, size: int = 6) -> tuple[Any, Any]:
    """A mean and a variance."""
    return torch.randn(size, dtype=torch.float64), torch.rand(size, dtype=torch.float64) + 0.5


def optimizer(torch: Any) -> dict[str, Any]:
    """What an optimiser leaves in a checkpoint, which nobody reads."""
    return {"state": {0: {"exp_avg": torch.randn(4), "step": torch.tensor(3.0)}},
            "param_groups": [{"lr": 1e-3, "params": [0]}]}
