# SPDX-License-Identifier: MIT
"""Attention with a mask, constant or computed from the observation, whatever it is written as."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F
from torch import nn

import puffer_edge
from puffer_edge.errors import UnsupportedError
from puffer_edge.interpreter import Interpreter

STEPS, WIDTH, FEATURES = 4, 8, 3
KEEP = torch.tril(torch.ones(STEPS, STEPS)) == 1
CAUSAL = torch.triu(torch.full((STEPS, STEPS), float("-inf")), 1)
NEAR = -torch.abs(torch.arange(STEPS)[None] - torch.arange(STEPS)[:, None]).float()


class Mixer(nn.Module):
    """Steps that attend to each other, in one of several ways."""

    def __init__(self, how: Any, mask: torch.Tensor) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(FEATURES, WIDTH), nn.Linear(STEPS * WIDTH, 2)
        self.heads = nn.MultiheadAttention(WIDTH, 2, batch_first=True)
        self.layer = nn.TransformerEncoderLayer(WIDTH, 2, 16, 0.0, batch_first=True)
        self.pre = nn.TransformerEncoderLayer(WIDTH, 2, 16, 0.0, "gelu", batch_first=True,
                                              norm_first=True)
        self.how = how
        self.register_buffer("mask", mask)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.how(self, self.first(x.reshape(-1, STEPS, FEATURES)), x)
        return self.last(y.reshape(-1, STEPS * WIDTH))  # type: ignore[no-any-return]


def _filled(self: Mixer, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    scores = (y @ y.transpose(1, 2)).masked_fill(self.mask == 0, float("-inf"))
    return F.softmax(scores, dim=-1) @ y


def _in_forward(self: Mixer, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The mask is made by forward, as nanoGPT's is."""
    kept = torch.tril(torch.ones(STEPS, STEPS))
    scores = torch.where(kept > 0, y @ y.transpose(1, 2), torch.tensor(float("-inf")))
    return torch.softmax(scores, -1) @ y


def _computed(self: Mixer, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    mask = x.reshape(-1, 1, STEPS * FEATURES)[..., :STEPS] > 0
    return F.scaled_dot_product_attention(y, y, y, mask)


def _filled_by_x(self: Mixer, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The first step is always there."""
    gone = x.reshape(-1, STEPS, FEATURES)[..., 0] < 0.1
    gone = gone & (torch.arange(STEPS) > 0)
    scores = (y @ y.transpose(1, 2)).masked_fill(gone.unsqueeze(1), float("-inf"))
    return torch.softmax(scores, -1) @ y


def _subtracted(self: Mixer, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    gone = (x.reshape(-1, STEPS, FEATURES)[..., 1] > 0).float()
    return torch.softmax(y @ y.transpose(1, 2) - 1e9 * gone.unsqueeze(1), -1) @ y


def _keys(self: Mixer, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    gone = (x.reshape(-1, STEPS, FEATURES)[..., 0] < 0.1) & (torch.arange(STEPS) > 0)
    return self.heads(y, y, y, key_padding_mask=gone, need_weights=False)[0]  # type: ignore[no-any-return]


HOW: dict[str, tuple[Any, torch.Tensor]] = {
    "causal": (lambda self, y, x: F.scaled_dot_product_attention(y, y, y, is_causal=True), KEEP),
    "boolean": (lambda self, y, x: F.scaled_dot_product_attention(y, y, y, self.mask), KEEP),
    "infinite": (lambda self, y, x: F.scaled_dot_product_attention(y, y, y, self.mask), CAUSAL),
    "added": (lambda self, y, x: F.scaled_dot_product_attention(y, y, y, self.mask), NEAR),
    "heads": (lambda self, y, x: self.heads(y, y, y, attn_mask=self.mask, need_weights=False)[0],
              CAUSAL),
    "heads, boolean": (lambda self, y, x: self.heads(y, y, y, attn_mask=~self.mask,
                                                     need_weights=False)[0], KEEP),
    "heads with weights": (lambda self, y, x: self.heads(y, y, y, attn_mask=self.mask)[0], CAUSAL),
    "keys": (lambda self, y, x: self.heads(y, y, y, key_padding_mask=self.mask,
                                           need_weights=False)[0],
             torch.tensor([[False, True, False, False]])),
    "layer": (lambda self, y, x: self.layer(y, src_mask=self.mask, is_causal=True), CAUSAL),
    "layer, norm first": (lambda self, y, x: self.pre(y, src_mask=self.mask), CAUSAL),
    "filled": (_filled, KEEP), "in forward": (_in_forward, KEEP),
    "sum": (lambda self, y, x: F.softmax(y @ y.transpose(1, 2) + self.mask, -1) @ y, CAUSAL),
}
OBSERVED: dict[str, Any] = {
    "scaled": _computed, "filled": _filled_by_x, "subtracted": _subtracted, "keys": _keys}
X = np.random.default_rng(3).standard_normal((6, STEPS * FEATURES)).astype(np.float32)


def _saved(model: nn.Module, kind: str, tmp_path: Path) -> Path:
    path = tmp_path / f"policy.{kind}"
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == "onnx":
            pytest.importorskip("onnx")
            torch.onnx.export(model, (torch.from_numpy(X[:1]),), str(path), dynamo=False)
        elif kind == "pt2":
            torch.export.save(torch.export.export(model, (torch.from_numpy(X[:1]),)), path)
        else:
            torch.jit.trace(model, torch.from_numpy(X[:1]), check_trace=False).save(str(path))
    return path


def _agrees(model: nn.Module, path: Path) -> None:
    options = {"observation": {"x": STEPS * FEATURES}} if path.suffix == ".pt" else {}
    runner = Interpreter(puffer_edge.load(path, action="continuous", **options))
    with torch.no_grad():
        wanted = [model(torch.from_numpy(x[None])).numpy()[0] for x in X]
    for x, y in zip(X, wanted, strict=True):
        assert np.allclose(next(iter(runner.step(x).values())), y, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", HOW)
def test_a_constant_mask(name: str, tmp_path: Path) -> None:
    torch.manual_seed(len(name))
    model = Mixer(*HOW[name]).eval()
    _agrees(model, _saved(model, "pt", tmp_path))


@pytest.mark.parametrize(("name", "kind"), [
    ("causal", "pt2"), ("causal", "onnx"), ("boolean", "onnx"), ("sum", "onnx")])
def test_the_same_in_graphs(name: str, kind: str, tmp_path: Path) -> None:
    torch.manual_seed(len(name))
    model = Mixer(*HOW[name]).eval()
    _agrees(model, _saved(model, kind, tmp_path))


@pytest.mark.parametrize("kind", ["pt", "pt2", "onnx"])
@pytest.mark.parametrize("name", OBSERVED)
def test_a_mask_of_the_observation(name: str, kind: str, tmp_path: Path) -> None:
    """Rows that have nothing to attend to are zeros, as torch has them since 2.5."""
    if (name, kind) == ("keys", "onnx"):
        pytest.skip("torch does not export it")
    torch.manual_seed(len(name))
    model = Mixer(OBSERVED[name], KEEP).eval()
    _agrees(model, _saved(model, kind, tmp_path))


def test_a_mask_that_leaves_a_row_nothing_is_refused(tmp_path: Path) -> None:
    model = Mixer(HOW["boolean"][0], KEEP & (torch.arange(STEPS) > 0)).eval()
    with pytest.raises(UnsupportedError, match="nothing to attend to"):
        puffer_edge.load(_saved(model, "pt", tmp_path), observation={"x": STEPS * FEATURES})
