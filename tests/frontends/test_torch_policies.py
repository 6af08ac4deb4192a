# SPDX-License-Identifier: MIT
"""Whole policies against torch: single steps, and 300 steps with the state left to itself.

The bound of ``tests/error_bound.py`` follows the state's difference through all 300 steps, so
nothing is re-synchronised: both implementations run freely, and every output of every step has to
lie within the bound. It stays below 1e-2 of the outputs, which is asserted too, for recurrent
layers that forget, as these do (torch's initialisation, hidden weights up to three times as large).
A layer that amplifies small differences has no such bound, and no two float32 implementations
agree on it for long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from puffer_edge.frontends.torch_export import load_module  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir import Program  # noqa: E402
from tests.error_bound import ErrorBound  # noqa: E402
from tests.frontends.torch_models import (  # noqa: E402
    KEEP,
    Net,
    agree,
    constant_differences,
    tensors,
)

STEPS = 300


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(7)


def zeros(*shape: int) -> Any:
    return torch.zeros(shape)


def run(module: nn.Module, example: tuple[Any, ...], *, buffers: bool = False,
        options: Any = KEEP) -> Program:
    """Asserts the bound on each output of each of the steps; the state runs freely on both sides.

    Args:
        module: returns its outputs first, then the new state; or has the state in buffers.
        example: observation and zero state.
        buffers: the state is in buffers.
        options: of the loading.
    """
    module.eval()
    program = load_module(module, options, example=example)
    runner, bound = Interpreter(program), ErrorBound(program, constant_differences(program, module))
    random = torch.Generator().manual_seed(1)
    state, largest, loosest = list(example[1:]), 0.0, 0.0
    for _ in range(STEPS):
        x = torch.randn(example[0].shape, generator=random)
        limits = bound.step(runner.values(x.numpy()))
        ours = runner.step(x.numpy())
        with torch.no_grad():
            result = module(x, *state)
        if not buffers:
            result, *state = result
        for (name, mine), theirs in zip(ours.items(), tensors(result, ours), strict=True):
            assert np.all(np.abs(mine.astype(np.float64) - theirs) <= limits[name]), name
            largest = max(largest, float(np.abs(theirs).max()))
            loosest = max(loosest, float(limits[name].max()))
    assert loosest < 1e-2 * largest
    return program


def test_mlp_with_a_value_head() -> None:
    body = nn.Sequential(nn.Linear(8, 24), nn.ReLU(inplace=True), nn.Linear(24, 16), nn.Tanh())
    program = agree(Net(lambda net, x: (net.pi(net.body(x)), net.v(net.body(x))), body=body,
                        pi=nn.Linear(16, 4), v=nn.Linear(16, 1)), zeros(1, 8), steps=50)
    assert program.output_names == ("mean", "value")
    assert [op.layer for op in program.ops][:2] == ["body.0", "body.1"]
    assert program.constants["body.0.weight"].shape == (24, 8)


@pytest.mark.parametrize("scale", [1, 3])
def test_lstm_cell(scale: float) -> None:
    def forward(net: Any, x: Any, state: Any) -> Any:
        h, c = net.cell(torch.tanh(net.encoder(x)), state)
        return net.pi(h), (h, c)

    net = Net(forward, encoder=nn.Linear(6, 12), cell=nn.LSTMCell(12, 12), pi=nn.Linear(12, 4))
    with torch.no_grad():
        net.cell.weight_hh.mul_(scale)
    module = Net(lambda m, x, h, c: (lambda y, s: (y, *s))(*forward(net, x, (h, c))), net=net)
    program = run(module, (zeros(1, 6), zeros(1, 12), zeros(1, 12)))
    assert len(program.states) == 2


def test_state_as_a_tuple_and_outputs_as_a_dict() -> None:
    def forward(net: Any, x: Any, state: Any) -> Any:
        h, c = net.cell(x, state)
        return {"value": net.v(h), "logits": net.pi(h)}, (h, c)

    program = run(Net(forward, cell=nn.LSTMCell(6, 8), pi=nn.Linear(8, 3), v=nn.Linear(8, 1)),
                  (zeros(1, 6), (zeros(1, 8), zeros(1, 8))))
    assert program.output_names == ("logits", "value")


def test_gru_cell() -> None:
    def forward(net: Any, x: Any, hidden: Any) -> Any:
        hidden = net.cell(x, hidden)
        return net.pi(hidden), hidden

    run(Net(forward, cell=nn.GRUCell(6, 12), pi=nn.Linear(12, 4)), (zeros(1, 6), zeros(1, 12)))


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("layers", [1, 2])
def test_layers_of_one_step(kind: str, layers: int, batch_first: bool) -> None:
    def forward(net: Any, x: Any, *state: Any) -> Any:
        before = state if kind == "LSTM" else state[0]
        y, new = net.rnn(x.unsqueeze(1 if batch_first else 0), before)
        return (net.pi(y.flatten(0, 1)), *(new if kind == "LSTM" else (new,)))

    count = 2 if kind == "LSTM" else 1
    program = run(Net(forward, rnn=getattr(nn, kind)(5, 8, layers, batch_first=batch_first),
                      pi=nn.Linear(8, 3)),
                  (zeros(1, 5), *(zeros(layers, 1, 8) for _ in range(count))))
    assert len(program.states) == count


def test_state_in_a_buffer_starts_with_the_buffers_value() -> None:
    class Buffered(nn.Module):
        """As rsl_rl exports its recurrent policies."""

        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.pi = nn.LSTM(5, 8), nn.Linear(8, 3)
            self.register_buffer("hidden_state", torch.full((1, 1, 8), 0.25))
            self.register_buffer("cell_state", zeros(1, 1, 8))

        def forward(self, x: Any) -> Any:
            y, (h, c) = self.rnn(x.unsqueeze(0), (self.hidden_state, self.cell_state))
            self.hidden_state[:] = h
            self.cell_state.copy_(c)
            return self.pi(y.squeeze(0))

    program = run(Buffered(), (zeros(1, 5),), buffers=True)
    assert {s.input for s in program.states} == {"hidden_state", "cell_state"}
    assert np.all(program.states[0].initial == np.float32(0.25))


def test_conv_net_with_batch_and_layer_norm() -> None:
    body = nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 2), nn.ELU(),
        nn.Flatten(), nn.Linear(24, 16), nn.LayerNorm(16), nn.GELU(), nn.Linear(16, 5))
    with torch.no_grad():
        body[1].running_mean.normal_()
        body[1].running_var.uniform_(0.5, 2)
    agree(Net(lambda net, x: net.body(x), body=body), zeros(1, 3, 9, 7), steps=20)


def test_gaussian_head() -> None:
    def forward(net: Any, x: Any) -> Any:
        mean = net.mean(torch.tanh(net.body(x)))
        return {"mean": mean, "std": torch.exp(net.log_std).expand_as(mean)}

    net = Net(forward, body=nn.Linear(6, 12), mean=nn.Linear(12, 3),
              log_std=nn.Parameter(torch.randn(3)))
    program = load_module(net, KEEP, example=(zeros(1, 6),))
    assert program.output_names == ("mean",)
    assert type(program.contract.action).__name__ == "Continuous"
    agree(Net(lambda m, x: forward(net, x)["mean"], net=net), zeros(1, 6))


def test_residual_mlp() -> None:
    def forward(net: Any, x: Any) -> Any:
        y = net.a(x)
        for block in net.blocks:
            y = y + block(y)
        return net.b(y)

    blocks = nn.ModuleList(nn.Sequential(nn.LayerNorm(12), nn.Linear(12, 12), nn.SiLU())
                           for _ in range(2))
    agree(Net(forward, a=nn.Linear(6, 12), blocks=blocks, b=nn.Linear(12, 4)), zeros(1, 6))


def test_normaliser_of_the_observation() -> None:
    """PufferLib's and CleanRL's habit: statistics in buffers, even in float64."""
    def forward(net: Any, x: Any) -> Any:
        x = (x - net.mean) / torch.sqrt(net.var + 1e-8)
        return net.pi(torch.clamp(x, -10, 10).float())

    program = agree(Net(forward, pi=nn.Linear(6, 3), mean=torch.randn(6),
                        var=torch.rand(6) + 0.5), zeros(1, 6))
    assert "mean" in program.constants
    load_module(Net(forward, pi=nn.Linear(6, 3), mean=torch.randn(6).double(),
                    var=torch.rand(6).double() + 0.5), KEEP, example=(zeros(1, 6),))


def test_shared_weights_stay_shared() -> None:
    one = nn.Linear(6, 6)
    program = agree(Net(lambda net, x: net.b(torch.tanh(net.a(x))), a=one, b=one), zeros(1, 6))
    assert len(program.constants) == 2
