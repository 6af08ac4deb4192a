# SPDX-License-Identifier: MIT
"""States that reach a cell by another way than from the step before, against torch's floats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import puffer_edge
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Program
from puffer_edge.passes import optimize, split_states
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES
from tests import zoo

LIMITS = {"int8": 0.04, "int8x16": 0.02, "int16": 0.005}
"""Mean error by scheme, relative to the deviation of the action."""


class Actor(torch.nn.Module):
    """Two recurrent layers with their states stacked, as rsl_rl exports them."""

    def __init__(self, kind: type[torch.nn.LSTM | torch.nn.GRU]) -> None:
        super().__init__()
        self.rnn = kind(5, 12, num_layers=2)
        self.actor = torch.nn.Sequential(torch.nn.Linear(12, 8), torch.nn.ELU(),
                                         torch.nn.Linear(8, 3))

    def forward(self, x: torch.Tensor, *state: torch.Tensor) -> tuple[torch.Tensor, ...]:
        y, after = self.rnn(x.unsqueeze(0), state if len(state) > 1 else state[0])
        return (self.actor(y.squeeze(0)), *(after if isinstance(after, tuple) else (after,)))


def actor(kind: str) -> tuple[Actor, list[torch.Tensor]]:
    """With weights that let the cell grow well beyond what h can hold."""
    torch.manual_seed(3)
    module = Actor(getattr(torch.nn, kind)).eval()
    with torch.no_grad():
        for name, weight in module.rnn.named_parameters():
            weight *= 3 if "weight" in name else 1
    return module, [torch.zeros(2, 1, 12) for _ in range(2 if kind == "LSTM" else 1)]


def saved(module: Actor, state: list[torch.Tensor], container: str, path: Path) -> Path:
    example = (torch.zeros(1, 5), *state)
    file = path / f"policy.{container}"
    if container == "script":
        torch.jit.script(Scripted(module)).save(str(file))
    elif container == "onnx":
        names = ["h", "c"][: len(state)]
        torch.onnx.export(module, example, str(file), dynamo=False,
                          input_names=["obs", *(f"{n}_in" for n in names)],
                          output_names=["actions", *(f"{n}_out" for n in names)])
    else:
        torch.export.save(torch.export.export(module, example), str(file))
    return file


class Scripted(torch.nn.Module):
    """The same with its states as buffers that forward overwrites, as rsl_rl's TorchScript."""

    def __init__(self, module: Actor) -> None:
        super().__init__()
        self.rnn, self.actor = module.rnn, module.actor
        self.register_buffer("hidden_state", torch.zeros(2, 1, 12))
        self.register_buffer("cell_state", torch.zeros(2, 1, 12))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, (h, c) = self.rnn(x.unsqueeze(0), (self.hidden_state, self.cell_state))
        self.hidden_state[:] = h
        self.cell_state[:] = c
        return self.actor(y.squeeze(0))


def played(module: Actor, state: list[torch.Tensor], observations: np.ndarray) -> np.ndarray:
    rows = []
    with torch.no_grad():
        for row in observations:
            action, *state = module(torch.from_numpy(row)[None], *state)
            rows.append(action.numpy().reshape(-1))
    return np.stack(rows).astype(np.float64)


def real(program: Program, observations: np.ndarray) -> np.ndarray:
    qparams = program.values[program.outputs[0]].quantization
    interpreter = Interpreter(program)
    raw = np.stack([interpreter.step(row)[program.output_names[0]].reshape(-1)
                    for row in observations]).astype(np.float64)
    return raw if qparams is None else (raw - qparams.zero_point) * qparams.scale


@pytest.mark.parametrize(("kind", "container"), [("LSTM", "onnx"), ("GRU", "pt2"),
                                                 ("LSTM", "pt2"), ("GRU", "onnx"),
                                                 ("LSTM", "script")])
def test_two_layers_act_like_torch_in_every_scheme(kind: str, container: str,
                                                   tmp_path: Path) -> None:
    """The second half of the steps was not calibrated with."""
    module, state = actor(kind)
    file = saved(module, state, container, tmp_path)
    program = optimize(puffer_edge.load(file, action="continuous"), fuse=False)
    assert isinstance(program.contract.action, Continuous)
    assert all(each.initial.size == 12 for each in program.states)
    observations = np.random.default_rng(0).standard_normal((400, 5)).astype(np.float32)
    found = calibrate(program, observations[:200], np.arange(200) == 0)
    wanted = played(module, state, observations)
    for scheme, limit in LIMITS.items():
        got = real(quantize(program, found, SCHEMES[scheme]), observations)
        error = np.abs(got - wanted)[200:].mean() / wanted.std()
        assert error < limit, f"{scheme}: {error}"


@pytest.mark.parametrize("case", ["stacked", "shared_state"])
@pytest.mark.parametrize("scheme", list(LIMITS))
def test_a_state_by_any_way_keeps_its_scale(case: str, scheme: str) -> None:
    """A product with a not-done mask, a slice of what cannot be split; the mask at work."""
    floating = zoo.program(case)
    observations = np.random.default_rng(3).standard_normal((400, 6)).astype(np.float32)
    wanted = real(floating, observations)
    got = real(zoo.program(f"{case}_{scheme}"), observations)
    assert np.abs(got - wanted).mean() < LIMITS[scheme] * wanted.std()


def test_splitting_keeps_every_bit() -> None:
    """Also with an initial state; the state that another layer reads as a whole stays one."""
    for case, count in (("stacked", 5), ("shared_state", 1)):
        program = zoo.program(case)
        first = program.states[0]
        initial = np.linspace(-1, 1, first.initial.size, dtype=np.float32)
        program = program.with_ops(program.ops, states=(
            type(first)(first.input, first.output, initial.reshape(first.initial.shape)),
            *program.states[1:]))
        split = split_states(program)
        assert len(split.states) == count
        runners = [Interpreter(each) for each in (program, split)]
        for row in np.random.default_rng(1).standard_normal((20, 6)).astype(np.float32):
            before, after = (runner.step(row)["logits"] for runner in runners)
            assert np.array_equal(before, after)
