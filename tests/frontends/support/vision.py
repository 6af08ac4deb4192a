# SPDX-License-Identifier: MIT
"""PufferLib's policies with encoders of their own, with the names and structures of version 3.

Filters are fewer than the trainer's; the structure is told by the keys and the kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.frontends.support.networks import Memory, linear, named, rows
from tests.frontends.support.row import Made, Row

A, H = 3, 8
Make = Callable[[Path], Made]
Draw = Callable[[np.random.Generator, int], Any]


def _bytes(high: int) -> Draw:
    return lambda random, size: random.integers(0, high, size).astype(np.float32)


def _make(build: Callable[[Any], tuple[dict[str, Any], Callable[[Any], Any], int]], draw: Draw, *,
          cell: str = "", steps: int = 5, heads: tuple[str, str] = ("actor", "value_fn"),
          options: dict[str, Any] | None = None, prefix: str = "policy.") -> Make:
    """A policy whose ``build`` gives its encoder's parts, its function and its inputs."""
    def make(directory: Path) -> Made:
        import torch

        torch.manual_seed(1)
        parts, encode, size = build(torch)
        with torch.no_grad():
            for name, part in parts.items():
                if part.weight.ndim == 4 or "proj" in name:  # as sums that cancel bound badly
                    sign = torch.sign(torch.randn(len(part.weight)) + 0.7)
                    part.weight.copy_(part.weight.abs() * sign.reshape(
                        -1, *(1,) * (part.weight.ndim - 1)))
        head, value = linear(torch, H, A), linear(torch, H, 1)
        memory = Memory(getattr(torch.nn, cell.upper())(H, H)) if cell else None
        start = prefix if cell else ""
        named_parts = {f"{start}{name}": part for name, part in
                       {**parts, heads[0]: head, heads[1]: value}.items()}
        if memory:
            named_parts[cell] = memory.module
        if memory and prefix:
            copy = torch.nn.LSTMCell(H, H)
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                setattr(copy, name, getattr(memory.module, f"{name}_l0"))
            named_parts["cell"] = copy
        path = directory / "model_000100.pt"
        torch.save(named(torch, named_parts).state_dict(), path)

        def step(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                h = encode(rows(torch, x))
                h = memory(h) if memory else h
                return {"logits": head(h).numpy(), "value": value(h).numpy()}
        return Made(path, step, size, options or {}, draw, steps)
    return make


def _convolutional(torch: Any) -> Any:
    nn = torch.nn
    net = nn.Sequential(nn.Conv2d(2, 4, 8, 4), nn.ReLU(), nn.Conv2d(4, 5, 4, 2), nn.ReLU(),
                        nn.Conv2d(5, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6, H), nn.ReLU())
    return ({f"network.{i}": net[i] for i in (0, 2, 4, 7)},
            lambda x: net(x.reshape(1, 2, 36, 36) / 255), 2 * 36 * 36)


def _procgen(torch: Any) -> Any:
    nn = torch.nn
    parts, sizes = {}, (2, 3, 4, 4)
    for index in range(3):
        inputs, outputs = sizes[index : index + 2]
        name = f"network.{index}"
        parts[f"{name}.conv"] = nn.Conv2d(inputs, outputs, 3, padding=1)
        parts |= {f"{name}.{block}.{layer}": nn.Conv2d(outputs, outputs, 3, padding=1)
                  for block in ("res_block0", "res_block1") for layer in ("conv0", "conv1")}
    parts["network.5"] = nn.Linear(4 * 2 * 2, H)

    def encode(x: Any) -> Any:
        h = (x.reshape(1, 16, 16, 2) / 255).permute(0, 3, 1, 2)
        for index in range(3):
            h = parts[f"network.{index}.conv"](h)
            h = nn.functional.max_pool2d(h, kernel_size=3, stride=2, padding=1)
            for block in ("res_block0", "res_block1"):
                name = f"network.{index}.{block}"
                y = parts[f"{name}.conv1"](torch.relu(parts[f"{name}.conv0"](torch.relu(h))))
                h = y + h
        return torch.relu(parts["network.5"](torch.relu(h.flatten(1))))
    return parts, encode, 16 * 16 * 2


def _dqn(directory: Path) -> Made:
    import torch

    torch.manual_seed(2)
    parts, encode, size = _convolutional(torch)
    with torch.no_grad():
        for part in parts.values():
            part.weight.abs_()
    last = linear(torch, H, A)
    path = directory / "dqn_atari.cleanrl_model"
    torch.save(named(torch, {**parts, "network.9": last}).state_dict(), path)
    return Made(path, lambda x: {"logits": last(encode(rows(torch, x))).detach().numpy()}, size,
                {}, _bytes(256), 5)


def _trash_pickup(torch: Any, *, last: bool = True) -> Any:
    """``last``: the ReLU after the linear layer, which later versions do not have."""
    nn = torch.nn
    net = nn.Sequential(nn.Conv2d(5, 6, 5, 3), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.ReLU(),
                        nn.Flatten(), nn.Linear(6, H), *([nn.ReLU()] if last else []))
    return ({f"network.{i}": net[i] for i in (0, 2, 5)}, lambda x: net(x.reshape(1, 5, 11, 11)),
            605)


def _grid(torch: Any) -> Any:
    nn = torch.nn
    net = nn.Sequential(nn.Conv2d(32, 6, 5, 3), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.Flatten(),
                        nn.ReLU(), nn.Linear(6, H), nn.ReLU())

    def encode(x: Any) -> Any:
        planes = nn.functional.one_hot(x.reshape(1, 11, 11).long(), 32)
        return net(planes.permute(0, 3, 1, 2).float())
    return {f"network.{i}": net[i] for i in (0, 2, 5)}, encode, 121


def _go(torch: Any) -> Any:
    nn, side = torch.nn, 7
    cnn = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Flatten())
    flat, proj = nn.Linear(2, 5), nn.Linear(4 * 9 + 5, H)

    def encode(x: Any) -> Any:
        board = x[:, :-2].reshape(1, 2, side, side)
        return torch.relu(proj(torch.cat([cnn(board), flat(x[:, -2:])], 1)))
    return ({"cnn.0": cnn[0], "cnn.2": cnn[2], "flat": flat, "proj": proj}, encode,
            2 * side * side + 2)


def _moba(torch: Any) -> Any:
    nn = torch.nn
    cnn = nn.Sequential(nn.Conv2d(19, 6, 5, 3), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.Flatten())
    flat, proj = nn.Linear(26, 7), nn.Linear(13, H)

    def encode(x: Any) -> Any:
        board = x[:, :-26].reshape(1, 11, 11, 4)
        tile = nn.functional.one_hot(board[..., 0].long(), 16).permute(0, 3, 1, 2).float()
        rest = (board[..., 1:] / 255).permute(0, 3, 1, 2)
        features = torch.cat([cnn(torch.cat([tile, rest], 1)), flat(x[:, -26:] / 255)], 1)
        return torch.relu(proj(torch.relu(features)))
    return ({"cnn.0": cnn[0], "cnn.2": cnn[2], "flat": flat, "proj": proj}, encode,
            11 * 11 * 4 + 26)


def _snake(torch: Any) -> Any:
    encoder = torch.nn.Linear(968, H)

    def encode(x: Any) -> Any:
        planes = torch.nn.functional.one_hot(x.reshape(1, 121).long(), 8).reshape(1, -1).float()
        return torch.nn.functional.gelu(encoder(planes))
    return {"encoder.0": encoder}, encode, 121


_PT = "`model_*.pt`"

ROWS: tuple[Row, ...] = (
    Row("PufferLib 3", "Convolutional", _PT, _make(_convolutional, _bytes(256)),
        "PufferLib state_dict, Convolutional", "`--observation image:4x84x84`"),
    Row("PufferLib 3", "ProcgenResnet", _PT, _make(_procgen, _bytes(256)),
        "PufferLib state_dict, ProcgenResnet", "`--observation image:64x64x3`"),
    Row("CleanRL", "PPO for images", "`.cleanrl_model`",
        _make(_convolutional, _bytes(256), heads=("actor", "critic")),
        "CleanRL state_dict, Convolutional", "`--observation image:4x84x84`"),
    Row("CleanRL", "PPO for images with LSTM", "`.cleanrl_model`",
        _make(_convolutional, _bytes(256), heads=("actor", "critic"), cell="lstm", prefix=""),
        "CleanRL state_dict, Convolutional with LSTM", "`--observation image:4x84x84`"),
    Row("A script like CleanRL's", "PPO for images with GRU", "`.pt`",
        _make(_convolutional, _bytes(256), heads=("actor", "critic"), cell="gru", prefix=""),
        "CleanRL state_dict, Convolutional with GRU", "`--observation image:4x84x84`"),
    Row("CleanRL", "DQN for images", "`.cleanrl_model`", _dqn, "CleanRL, DQN for images",
        "`--observation image:4x84x84`"),
    Row("PufferLib 3", "trash pickup with LSTM", _PT, _make(_trash_pickup, _bytes(2), cell="lstm"),
        "PufferLib state_dict, TrashPickup with LSTM"),
    Row("PufferLib 3", "trash pickup, later versions", _PT, _make(
        partial(_trash_pickup, last=False), _bytes(2), options={"activation": "none"}),
        "PufferLib state_dict, TrashPickup", "`--activation none`"),
    Row("PufferLib 3", "grid with LSTM", _PT, _make(_grid, _bytes(32), cell="lstm"),
        "PufferLib state_dict, Grid with LSTM"),
    Row("PufferLib 3", "go", _PT, _make(_go, _bytes(2)), "PufferLib state_dict, Go"),
    Row("PufferLib 3", "moba with LSTM", _PT, _make(
        _moba, lambda random, size: random.integers(0, 16, size).astype(np.float32), cell="lstm",
        options={"action_sizes": (2, 1)}), "PufferLib state_dict, MOBA with LSTM"),
    Row("PufferLib 3", "snake with LSTM", _PT,
        _make(_snake, _bytes(8), cell="lstm", heads=("decoder", "value")),
        "PufferLib 3.0 state_dict, Default policy with LSTM"),
)
