# SPDX-License-Identifier: MIT
"""Functions of torch that are made of others here: vectors, axes, rounding."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

import puffer_edge
from puffer_edge.errors import UnsupportedError
from puffer_edge.interpreter import Interpreter

X = np.random.default_rng(5).standard_normal((8, 6)).astype(np.float32)


class Composed(nn.Module):
    """A layer, then one function of its outputs [1, 6]."""

    def __init__(self, how: Any) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.layer, self.how = nn.Linear(6, 6), how

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.how(self.layer(x), x)  # type: ignore[no-any-return]


def _rotated(y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """A vector by a quaternion, as robots' observations are."""
    q, v = nn.functional.normalize(torch.cat([y[:, :1], x[:, :3]], 1), dim=1), y[:, 3:]
    t = 2 * torch.cross(q[:, 1:], v, dim=1)
    return v + q[:, :1] * t + torch.linalg.cross(q[:, 1:], t)


HOW: dict[str, Any] = {
    "rotated": _rotated,
    "cross, first axis of 3": lambda y, x: torch.cross(y.reshape(2, 3), x.reshape(2, 3)).reshape(
        1, 6),
    "std": lambda y, x: torch.cat([y.std(1, keepdim=True), y.std(1, unbiased=False, keepdim=True)],
                                  1),
    "var": lambda y, x: torch.stack([y.var(1), y.var(dim=1, correction=2)], 1),
    "cumsum": lambda y, x: torch.cumsum(y, 1),
    "rounded": lambda y, x: torch.floor(y * 4) + torch.ceil(y * 3) + torch.round(y * 2),
    "near zero": lambda y, x: torch.log1p(y.abs()) + torch.expm1(-y.abs()),
    "logsumexp": lambda y, x: torch.logsumexp(y, 1, keepdim=True),
    "nan_to_num": lambda y, x: y + torch.nan_to_num(x, 0.0),
}


@pytest.mark.parametrize("name", HOW)
def test_as_torch(name: str, tmp_path: Path) -> None:
    model, path = Composed(HOW[name]).eval(), tmp_path / "policy.pt"
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(model, torch.from_numpy(X[:1]), check_trace=False).save(str(path))
        wanted = [model(torch.from_numpy(x[None])).numpy().reshape(-1) for x in X]
    runner = Interpreter(puffer_edge.load(path, action="continuous"))
    for x, y in zip(X, wanted, strict=True):
        assert np.allclose(next(iter(runner.step(x).values())), y, rtol=1e-5, atol=4e-6)


def test_what_may_be_no_number_is_refused(tmp_path: Path) -> None:
    model = Composed(lambda y, x: torch.nan_to_num(torch.log(y), 0.0)).eval()
    torch.jit.trace(model, torch.from_numpy(X[:1]), check_trace=False).save(
        str(tmp_path / "policy.pt"))
    with pytest.raises(UnsupportedError, match="no number"):
        puffer_edge.load(tmp_path / "policy.pt", action="continuous")
