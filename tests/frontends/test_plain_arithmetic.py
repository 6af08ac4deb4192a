# SPDX-License-Identifier: MIT
"""Angles, divisions with a rest, writes and choices of places: at the edges, and in ``.pt2``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

import puffer_edge  # noqa: E402
from puffer_edge.errors import UnsupportedError  # noqa: E402
from puffer_edge.interpreter import Interpreter  # noqa: E402
from puffer_edge.ir.ops import GRUCell, LSTMCell  # noqa: E402
from tests.frontends.agreement import agree  # noqa: E402
from tests.frontends.script_models import make  # noqa: E402
from tests.frontends.torch_models import constant_differences  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
EDGES = np.array([0, 1, -1, 0.5, -0.5, 1e-30, -1e-30, 1e30, 3, -7, 1e-6, 0.99999], np.float32)
DIVISORS = (0.1, -0.3, 2 * np.pi, 1.0, 7.0)


class Of(nn.Module):
    def __init__(self, function: Callable[..., Any], **buffers: Any) -> None:
        super().__init__()
        self.function = function
        for name, value in buffers.items():
            self.register_buffer(name, value)

    def forward(self, x: Any) -> Any:
        return self.function(self, x)


def ours(function: Callable[..., Any], *observations: Any) -> list[Any]:
    program = puffer_edge.load(Of(lambda self, x: function(x)), action="continuous",
                               observation_shape=observations[0].shape)
    runner = Interpreter(program)
    return [next(iter(runner.step(x).values())) for x in observations]


def theirs(function: Callable[..., Any], x: Any) -> Any:
    return function(torch.from_numpy(x).double()).numpy().reshape(-1)


@pytest.mark.parametrize("function", [
    torch.atan, torch.sinh, torch.cosh, torch.asinh, torch.tan,
    lambda x: torch.atan2(x, x.flip(-1)), lambda x: torch.atan2(0.25 - x, x.roll(3, -1) - 0.5)])
def test_angles(function: Callable[..., Any]) -> None:
    """In float64, of the very numbers: within 3e-7 of 1 and of the result."""
    rng = np.random.default_rng(0)
    for x in (EDGES, rng.normal(size=4000), rng.uniform(-1, 1, 4000), EDGES[::-1]):
        x = x.astype(np.float32)
        x = x if "atan" in str(function) or "lambda" in str(function) else x.clip(-1.5, 1.5)
        (y,) = ours(function, x)
        assert np.all(np.abs(y - theirs(function, x)) <= 3e-7 * (1 + np.abs(y)) * (
            1 + np.abs(y)))


@pytest.mark.parametrize("function", [torch.asin, torch.acos])
def test_angles_of_sides(function: Any) -> None:
    """Near 1 by sqrt((1 - x)(1 + x)), whose factors are exact there."""
    x = np.concatenate([np.linspace(-1, 1, 4001), 1 - 2.0 ** -np.arange(1, 25)]).astype(np.float32)
    (y,) = ours(function, x)
    assert np.abs(y - theirs(function, x)).max() < 5e-7


@pytest.mark.parametrize("divisor", DIVISORS)
@pytest.mark.parametrize("name", ["fmod", "remainder", "floor_divide"])
def test_a_rest_is_exact(name: str, divisor: float) -> None:
    """Near the multiples of the divisor, where a rounded quotient is off by one."""
    rng = np.random.default_rng(1)
    near = np.float32(divisor) * np.arange(-300, 300).astype(np.float32)
    x = np.concatenate([near, np.nextafter(near, np.float32(1e9)), rng.normal(size=500) * 50,
                        np.nextafter(near, np.float32(-1e9))]).astype(np.float32)

    def function(v: Any) -> Any:
        return getattr(torch, name)(v, divisor)

    (y,) = ours(function, x)
    wanted = function(torch.from_numpy(x)).numpy()
    assert np.array_equal(y, wanted), np.abs(y - wanted).max()


def saved(module: Any, path: Path, size: int) -> Path:
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(module, (torch.zeros(1, size),)), path)
    return path


def pt2_of(seeds: range, directory: Path) -> tuple[int, int]:
    """How many random modules there are, and how many of them are read; each agrees with torch."""
    there = found = 0
    for seed in seeds:
        model = make(seed, directory)
        try:
            path = saved(model.policy, directory / "policy.pt2", model.size)
        except Exception:  # torch.export, which cannot take each of them
            continue
        there += 1
        try:
            program = puffer_edge.load(path, action="continuous")
        except UnsupportedError:
            continue
        found += 1
        reference = torch.export.load(path).module()
        agree(program, reference, constant_differences(program, model.policy), model.size)
    return there, found


def test_random_modules_as_pt2(tmp_path: Path) -> None:
    there, found = pt2_of(range(2000, 2002), tmp_path)
    assert found == there > 0


@pytest.mark.exhaustive
def test_a_hundred_random_modules_as_pt2(tmp_path: Path) -> None:
    there, found = pt2_of(range(400, 500), tmp_path)
    assert there >= 80 and found >= 0.8 * there, (there, found)


def test_writes_through_views_in_pt2(tmp_path: Path) -> None:
    """History as people write it; parts of parts; a part that is read after a write to all."""
    def forward(self: Any, x: Any) -> Any:
        self.history[:, :-1] = self.history[:, 1:].clone()
        self.history[:, -1, ::2] = x[:, ::2]
        self.history[:, -1, 1::2].add_(x[:, 1::2])
        part = self.history.transpose(1, 2)[:, 0]
        first, last = self.history.split([1, 2], 1)
        last.mul_(0.5)
        first[0, 0, 1:3].fill_(0.25)
        x = x.clone()
        x.unbind(1)[2].neg_()
        return torch.cat([self.history.flatten(1), part, last.flatten(1), x], 1)

    module = Of(forward, history=torch.ones(1, 3, 4))
    runner = Interpreter(puffer_edge.load(saved(module, tmp_path / "policy.pt2", 4),
                                          action="continuous"))
    module.history.fill_(1.0)
    for x in np.random.default_rng(0).integers(-8, 8, (6, 4)).astype(np.float32) / 4:
        wanted = module(torch.from_numpy(x[None])).numpy().reshape(-1)
        np.testing.assert_array_equal(next(iter(runner.step(x).values())), wanted)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("options", [{"num_layers": 2, "batch_first": True},
                                     {"bidirectional": True}])
def test_a_sequence_within_a_step(kind: str, options: dict[str, Any], tmp_path: Path) -> None:
    """A history of five steps, as estimators read it: as torch, whose state begins with zeros."""
    torch.manual_seed(4)

    class Estimator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = getattr(nn, kind)(3, 4, **options)

        def forward(self, x: Any) -> Any:
            first = "batch_first" in options
            y, state = self.layers(x.reshape((1, 5, 3) if first else (5, 1, 3)))
            state = state[0] if isinstance(state, tuple) else state
            return torch.cat([y.reshape(1, -1), state.reshape(1, -1)], 1)

    module = Estimator().eval()
    program = puffer_edge.load(module, observation_shape=15, action="continuous")
    cells = [op for op in program.ops if isinstance(op, LSTMCell | GRUCell)]
    assert len(cells) == (0 if kind == "RNN" else 5 * 2)  # not taken apart
    runner = Interpreter(program)
    for x in np.random.default_rng(0).normal(size=(4, 15)).astype(np.float32):
        with torch.no_grad():
            wanted = module(torch.from_numpy(x[None])).numpy().reshape(-1)
        np.testing.assert_allclose(next(iter(runner.step(x).values())), wanted, atol=2e-6)


def test_not_of_integers_is_refused() -> None:
    """~1 is -2, and no boolean."""
    def forward(self: Any, x: Any) -> Any:
        return (~(x > 0).long()).float() + ((x > 0) * (x < 1) + (x > 2)).float()

    with pytest.raises(UnsupportedError, match="in place of booleans"):
        puffer_edge.load(Of(forward), action="continuous", observation_shape=(4,))


def test_equal_indices_are_refused() -> None:
    """Which of two updates of a place counts, torch does not say."""
    def forward(self: Any, x: Any) -> Any:
        return x.scatter(1, (x * 2).long().clamp(0, 3), x * 2)

    with pytest.raises(UnsupportedError, match="several may be equal"):
        puffer_edge.load(Of(forward), action="continuous", observation_shape=(4,))


def _experts(self: Any, x: Any) -> Any:
    """The two best of three, as mixtures of experts take them."""
    values, index = torch.topk(x[:, :3], 2, dim=-1)
    gates = torch.zeros_like(x[:, :3]).scatter(1, index, torch.softmax(values, -1))
    return (x.reshape(1, 3, 2) * gates.unsqueeze(-1)).sum(1)


def _one_expert(self: Any, x: Any) -> Any:
    index = x[:, :3].argmax(-1, keepdim=True)
    return torch.gather(x.reshape(1, 3, 2), 1, index.unsqueeze(-1).expand(-1, 1, 2)).squeeze(1)


def _counted(self: Any, x: Any) -> Any:
    mask = (x > 0.1) | (x < -1)
    return torch.cat([mask.sum(1, keepdim=True) / 3, mask.any(1, keepdim=True).float(),
                      x.masked_fill(mask, 0.5), mask.float()], 1)


def _phase(self: Any, x: Any) -> Any:
    index = (x[:, 0].abs() * 2).long().clamp(0, 3)
    return torch.cat([self.rows[index], torch.nn.functional.one_hot(index, 4).float()], 1)


def _set(self: Any, x: Any) -> Any:
    mask = x < 0.2
    mask[:, 0] = False
    y = x[:, self.kept]
    return torch.where(mask, x, torch.cumsum(x, 1)) + torch.cat([y, y], 1)


IN_ONNX = {"experts": _experts, "one expert": _one_expert, "counted": _counted, "phase": _phase,
           "set": _set}


@pytest.mark.parametrize("name", IN_ONNX)
def test_the_same_in_onnx(name: str, tmp_path: Path) -> None:
    """As torch's older exporter writes it: indices, counts and masks of int64 and bool."""
    onnxruntime, path = pytest.importorskip("onnxruntime"), tmp_path / "policy.onnx"
    module = Of(IN_ONNX[name], rows=torch.arange(20.0).reshape(4, 5),
                kept=torch.tensor([True, False, True, False, True, False]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1, 6),), path, dynamo=False)
    runner = Interpreter(puffer_edge.load(path, action="continuous"))
    session = onnxruntime.InferenceSession(path)
    for x in np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32):
        (wanted,) = session.run(None, {session.get_inputs()[0].name: x[None]})
        np.testing.assert_allclose(next(iter(runner.step(x).values())), wanted.reshape(-1),
                                   rtol=1e-6, atol=1e-6)


def test_state_without_names_in_onnx(tmp_path: Path) -> None:
    """Inputs that look recurrent belong to the outputs of their shapes, which are assumed."""
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.last = nn.LSTMCell(4, 3), nn.Linear(3, 2)

        def forward(self, x: Any, h: Any, c: Any) -> Any:
            h, c = self.cell(x, (h, c))
            return self.last(h), h, c

    module, path = Recurrent(), tmp_path / "policy.onnx"
    state = (torch.zeros(1, 3), torch.zeros(1, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1, 4), *state), path, dynamo=False)
    program = puffer_edge.load(path, action="continuous")
    assert "recurrent-state" in {note.code for note in program.notes}
    runner = Interpreter(program)
    with torch.no_grad():
        for x in torch.randn(6, 1, 4):
            y, *state = module(x, *state)
            np.testing.assert_allclose(runner.step(x.numpy())["mean"], y.numpy()[0], atol=1e-6)
