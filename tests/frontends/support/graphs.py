# SPDX-License-Identifier: MIT
"""Graphs: ONNX in the form of the trainers' exporters, torch.export, and modules of the user's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.frontends.support.networks import Memory, linear, mlp, named, rows
from tests.frontends.support.row import Made, Row

N, A, H = 6, 3, 8


def _onnx(directory: Path) -> Made:
    """obs, h_in, c_in to actions, h_out, c_out, as rsl_rl and Isaac Lab export it."""
    import onnx
    import torch
    from onnx import TensorProto, helper, numpy_helper

    torch.manual_seed(1)
    memory, head = Memory(torch.nn.LSTM(N, H)), linear(torch, H, A)
    state = memory.module.state_dict()

    def gates(array: Any) -> Any:  # ONNX has i, o, f, c
        i, f, g, o = np.split(array.numpy(), 4)
        return np.concatenate([i, o, f, g])

    weights = {"W": gates(state["weight_ih_l0"])[None], "R": gates(state["weight_hh_l0"])[None],
               "B": np.concatenate([gates(state["bias_ih_l0"]), gates(state["bias_hh_l0"])])[None],
               "mlp.weight": head.weight.detach().numpy(), "mlp.bias": head.bias.detach().numpy(),
               "zero": np.array([0], np.int64), "one": np.array([1], np.int64)}
    nodes = [helper.make_node("Unsqueeze", ["obs", "zero"], ["x"]),
             helper.make_node("LSTM", ["x", "W", "R", "B", "", "h_in", "c_in"],
                              ["y", "h_out", "c_out"], hidden_size=H),
             helper.make_node("Squeeze", ["y", "one"], ["s"]),
             helper.make_node("Squeeze", ["s", "zero"], ["flat"]),
             helper.make_node("Gemm", ["flat", "mlp.weight", "mlp.bias"], ["actions"], transB=1)]

    def port(name: str, *shape: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph = helper.make_graph(
        nodes, "policy", [port("obs", 1, N), port("h_in", 1, 1, H), port("c_in", 1, 1, H)],
        [port("actions", 1, A), port("h_out", 1, 1, H), port("c_out", 1, 1, H)],
        [numpy_helper.from_array(np.ascontiguousarray(a), name) for name, a in weights.items()])
    path = directory / "policy.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            return {"mean": head(memory(rows(torch, x))).numpy()}
    return Made(path, step, N)


def _pt2(directory: Path) -> Made:
    import torch

    torch.manual_seed(2)
    net = mlp(torch, [N, 12, A], torch.nn.Mish)
    path = directory / "policy.pt2"
    torch.export.save(torch.export.export(net, (torch.zeros(1, N),)), path)
    return Made(path, lambda x: {"logits": net(rows(torch, x)).detach().numpy()}, N,
                {"action": "discrete"})


def _heads(directory: Path) -> Made:
    """``[logits, logits], value``, as PufferLib returns them."""
    import torch

    torch.manual_seed(4)
    body, heads = mlp(torch, [N, 12, H], torch.nn.ReLU), [linear(torch, H, n) for n in (3, 4)]

    class Policy(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.body, self.heads = body, torch.nn.ModuleList(heads)
            self.value = torch.nn.Linear(H, 1)

        def forward(self, x: Any) -> Any:
            hidden = self.body(x)
            return [head(hidden) for head in self.heads], self.value(hidden)

    net = Policy()
    path = directory / "policy.pt2"
    torch.export.save(torch.export.export(net, (torch.zeros(1, N),)), path)

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            logits, value = net(rows(torch, x))
            return {"logits": torch.cat(logits, 1).numpy(), "value": value.numpy()}
    return Made(path, step, N)


def _module(directory: Path) -> Made:
    """Weights whose names say nothing, and the class that they are of."""
    import torch

    class Policy(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.mix, self.gate, self.out = (torch.nn.Linear(*s) for s in ((N, 9), (N, 9), (9, A)))

        def forward(self, x: Any) -> Any:
            return self.out(torch.tanh(self.mix(x)) * torch.sigmoid(self.gate(x)))

    torch.manual_seed(3)
    net = Policy()
    path = directory / "checkpoint.pt"
    torch.save({"step": 5, "agent": named(torch, {"net": net}).state_dict()}, path)
    return Made(path, lambda x: {"logits": net(rows(torch, x)).detach().numpy()}, N, {
        "module": Policy(), "observation_shape": (N,), "action": "discrete"})


ROWS: tuple[Row, ...] = (
    Row("rsl_rl, Isaac Lab", "LSTM, `h_in`, `c_in`, `h_out`, `c_out`", "`policy.onnx`", _onnx,
        "ONNX"),
    Row("torch", "any module that torch.export takes", "`.pt2`", _pt2, "torch.export",
        "`--state`, `--action`"),
    Row("torch", "a tensor of logits per head", "`.pt2`", _heads, "torch.export"),
    Row("any other", "any module", "checkpoint and `puffer_edge.load(path, module=MyPolicy())`",
        _module, "torch", "`observation_shape=`"),
)
