# SPDX-License-Identifier: MIT
"""flax.serialization's MessagePack, packed by hand as its documentation says; torch's numbers."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.frontends.support.networks import Memory, linear, mlp, rows
from tests.frontends.support.row import Made, Row

N, A = 6, 3
Make = Callable[[Path], Made]


def packed(value: Any) -> bytes:
    """A tree of dictionaries, lists, texts, small numbers, bytes and arrays."""
    if isinstance(value, dict):
        return b"\xde" + struct.pack(">H", len(value)) + b"".join(
            packed(part) for pair in value.items() for part in pair) if len(value) > 15 else (
            bytes([0x80 + len(value)]) + b"".join(
                packed(part) for pair in value.items() for part in pair))
    if isinstance(value, list | tuple):
        return bytes([0x90 + len(value)]) + b"".join(map(packed, value))
    if isinstance(value, str):
        return bytes([0xA0 + len(value)]) + value.encode() if len(value) < 32 else (
            b"\xd9" + bytes([len(value)]) + value.encode())
    if isinstance(value, bytes):
        return b"\xc6" + struct.pack(">I", len(value)) + value
    if isinstance(value, int):
        return bytes([value]) if 0 <= value < 128 else b"\xd2" + struct.pack(">i", value)
    array = np.ascontiguousarray(value)
    inner = packed([list(array.shape), array.dtype.name, array.tobytes()])
    return b"\xc9" + struct.pack(">IB", len(inner), 1) + inner


def layer(module: Any) -> dict[str, Any]:
    """A Dense layer."""
    return {"kernel": module.weight.detach().numpy().T, "bias": module.bias.detach().numpy()}


def dense(*modules: Any, name: str = "Dense", start: int = 0) -> dict[str, Any]:
    """The linear layers of stacks, numbered as they are called."""
    linears = [part for module in modules for part in module.modules()
               if type(part).__name__ == "Linear"]
    return {f"{name}_{start + index}": layer(part) for index, part in enumerate(linears)}


def gru(module: Any) -> dict[str, Any]:
    """A GRUCell; flax has no bias at r and z of the state, so theirs lie in the inputs'."""
    found: dict[str, Any] = {}
    size = module.hidden_size
    parts = {side: [getattr(module, f"{kind}_{side}_l0").detach().numpy().reshape(3, size, -1)
                    for kind in ("weight", "bias")] for side in ("ih", "hh")}
    for index, gate in enumerate("rzn"):
        bias = parts["ih"][1][index, :, 0]
        if gate != "n":
            bias = bias + parts["hh"][1][index, :, 0]
        found[f"i{gate}"] = {"kernel": parts["ih"][0][index].T, "bias": bias}
        found[f"h{gate}"] = {"kernel": parts["hh"][0][index].T}
    found["hn"]["bias"] = parts["hh"][1][2, :, 0]
    return found


def purejaxrl(*, continuous: bool) -> Make:
    def make(directory: Path) -> Made:
        import torch

        torch.manual_seed(1)
        actor, critic = (mlp(torch, [N, 12, 10, size], torch.nn.Tanh) for size in (A, 1))
        tree: dict[str, Any] = dense(actor, critic)
        if continuous:
            tree["log_std"] = np.zeros(A, np.float32)
        path = directory / "params.msgpack"
        path.write_bytes(packed({"params": tree}))
        name = "mean" if continuous else "logits"
        return Made(path, lambda x: {name: actor(rows(torch, x)).detach().numpy()}, N)
    return make


def recurrent(directory: Path) -> Made:
    """PureJaxRL's ppo_rnn: an embedding, the scanned cell, two heads of two layers."""
    import torch

    torch.manual_seed(2)
    first, memory = linear(torch, N, 12), Memory(torch.nn.GRU(12, 8))
    actor, critic = (mlp(torch, [8, 10, size], torch.nn.ReLU) for size in (A, 1))
    path = directory / "params.msgpack"
    path.write_bytes(packed({"params": {
        **dense(first, actor, critic), "ScannedRNN_0": {"GRUCell_0": gru(memory.module)}}}))

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            return {"logits": actor(memory(torch.relu(first(rows(torch, x))))).numpy()}
    return Made(path, step, N)


def brax(directory: Path) -> Made:
    """(statistics, policy, value), as its PPO gives them."""
    import torch

    torch.manual_seed(3)
    actor, critic = (mlp(torch, [N, 12, 10, size], torch.nn.SiLU) for size in (2 * A, 1))
    mean, std = torch.randn(N), torch.rand(N) + 0.5
    path = directory / "policy.msgpack"
    path.write_bytes(packed({
        "0": {"count": np.float32(100), "mean": mean.numpy(), "std": std.numpy(),
              "summed_variance": (std * std * 100).numpy()},
        "1": {"params": dense(actor, name="hidden")},
        "2": {"params": dense(critic, name="hidden")}}))

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            return {"mean": actor((rows(torch, x) - mean) / std)[:, :A].numpy()}
    return Made(path, step, N)


def sbx_sac(directory: Path) -> Made:
    """SBX's squashed actor: the mean, and behind it the deviation."""
    import torch

    torch.manual_seed(4)
    body = mlp(torch, [N, 12, 10], torch.nn.ReLU, last=True)
    mean, spread = linear(torch, 10, A), linear(torch, 10, A)
    path = directory / "actor.msgpack"
    path.write_bytes(packed({"params": dense(body, mean, spread)}))
    return Made(path, lambda x: {"mean": mean(body(rows(torch, x))).detach().numpy()}, N)


ROWS: tuple[Row, ...] = (
    Row("PureJaxRL", "PPO, discrete", "flax's `.msgpack`", purejaxrl(continuous=False),
        "flax parameters", "`--activation`"),
    Row("PureJaxRL", "PPO, continuous", "flax's `.msgpack`", purejaxrl(continuous=True),
        "flax parameters", "`--activation`"),
    Row("PureJaxRL", "PPO with GRU", "flax's `.msgpack`", recurrent, "flax parameters",
        "`--activation`"),
    Row("brax", "PPO, SAC, with statistics", "flax's `.msgpack`", brax, "brax parameters",
        "`--activation`"),
    Row("SBX (Stable-Baselines Jax)", "SAC", "flax's `.msgpack` of the actor's parameters", sbx_sac,
        "flax parameters", "`--activation`"),
)
