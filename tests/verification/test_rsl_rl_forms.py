# SPDX-License-Identifier: MIT
"""Checkpoints of every form beside torch's own layers, by a stand-in for the library rsl_rl.

The stand-in has the constructors, the names of parameters and the calls of ``rsl_rl.models``, and
nothing else: what is asked for, and with which weights, is what is judged. The library itself
judges in ``test_rsl_rl_library``, where it is installed.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from puffer_edge.verification.originals import child
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.original import Unjudged
from puffer_edge.verification.originals.rsl_rl_library import LibraryOriginal

N, WIDTHS, ACTIONS, HIDDEN = 5, (7, 6), 3, 4
ACTIVATIONS = {"elu": torch.nn.ELU, "tanh": torch.nn.Tanh}
LATER = {"actor.": "mlp.", "memory_a.rnn.": "rnn.rnn.", "actor_obs_normalizer.": "obs_normalizer.",
         "std": "distribution.std_param", "log_std": "distribution.log_std_param"}
"""Names before version 5, and since."""


class Normalizer(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    def __init__(self, size: int) -> None:
        super().__init__()
        for name in ("_mean", "_var", "_std"):
            self.register_buffer(name, torch.ones(1, size))
        self.register_buffer("count", torch.tensor(0))


class MLPModel(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    is_recurrent = False

    def __init__(self, obs: Any, obs_groups: Any, obs_set: str, output_dim: int, *,
                 hidden_dims: Any, activation: str, obs_normalization: bool,
                 distribution_cfg: Any) -> None:
        super().__init__()
        (self.group,) = obs_groups[obs_set]
        assert obs.batch_size == [1] and obs[self.group].shape[0] == 1
        size = self.width(obs[self.group].shape[1])
        if activation not in ACTIVATIONS:
            raise ValueError(f"Invalid activation {activation}")
        layers: list[Any] = []
        for width in hidden_dims:
            layers += [torch.nn.Linear(size, width), ACTIVATIONS[activation]()]
            size = width
        self.mlp = torch.nn.Sequential(*layers, torch.nn.Linear(size, output_dim))
        if obs_normalization:
            self.obs_normalizer = Normalizer(obs[self.group].shape[1])
        if distribution_cfg:
            assert distribution_cfg["class_name"] == "GaussianDistribution"
            name = {"scalar": "std_param", "log": "log_std_param"}[distribution_cfg["std_type"]]
            self.distribution = torch.nn.Module()
            self.distribution.register_parameter(name, torch.nn.Parameter(torch.ones(output_dim)))

    def width(self, size: int) -> int:
        return size

    def normal(self, obs: Any) -> Any:
        x = obs[self.group]
        norm = getattr(self, "obs_normalizer", None)
        return x if norm is None else (x - norm._mean) / (norm._std + 0.01)

    def forward(self, obs: Any) -> Any:
        return self.mlp(self.normal(obs))

    def reset(self) -> None:
        pass


class RNNModel(MLPModel):
    is_recurrent = True

    def __init__(self, *given: Any, rnn_type: str, rnn_hidden_dim: int, rnn_num_layers: int,
                 **named: Any) -> None:
        self.hidden = rnn_hidden_dim
        super().__init__(*given, **named)
        self.rnn = torch.nn.Module()
        kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[rnn_type]
        self.rnn.rnn = kind(given[0][self.group].shape[1], rnn_hidden_dim, rnn_num_layers)
        self.state: Any = None

    def width(self, size: int) -> int:
        return self.hidden

    def forward(self, obs: Any) -> Any:
        y, self.state = self.rnn.rnn(self.normal(obs)[None], self.state)
        return self.mlp(y[0])

    def reset(self) -> None:
        self.state = None

    def get_hidden_state(self) -> Any:
        return self.state


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    class TensorDict(dict):  # type: ignore[type-arg]
        def __init__(self, parts: Any, batch_size: Any) -> None:
            super().__init__(parts)
            self.batch_size = batch_size

    for name, content in (("rsl_rl", {}), ("tensordict", {"TensorDict": TensorDict}),
                          ("rsl_rl.models", {"MLPModel": MLPModel, "RNNModel": RNNModel})):
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)


def network(cell: str, depth: int, normalised: bool, spread: str) -> Any:
    """Layers of torch, the arrays that a trainer before version 5 saves, and what they compute."""
    torch.manual_seed(3)
    rnn = None if not cell else getattr(torch.nn, cell)(N, HIDDEN, depth)
    sizes = [HIDDEN if cell else N, *WIDTHS, ACTIONS]
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(sizes)]
    mean, std = torch.randn(N), torch.rand(N) + 0.5
    arrays = {f"actor.{2 * i}.{name}": part for i, layer in enumerate(layers)
              for name, part in layer.state_dict().items()}
    arrays |= {"critic.0.weight": torch.ones(1, N)}
    if rnn is not None:
        arrays |= {f"memory_a.rnn.{name}": part for name, part in rnn.state_dict().items()}
    if normalised:
        arrays |= {f"actor_obs_normalizer.{name}": part for name, part in (
            ("_mean", mean), ("_var", std**2), ("_std", std), ("count", torch.tensor(9)))}
    if spread:
        arrays[spread] = torch.full((ACTIONS,), 0.3)

    def step(x: Any, state: Any) -> tuple[Any, Any]:
        with torch.no_grad():
            hidden = (x - mean) / (std + 0.01) if normalised else x
            if rnn is not None:
                y, state = rnn(hidden[None, None], state)
                hidden = y[0, 0]
            for layer in layers[:-1]:
                hidden = torch.nn.functional.elu(layer(hidden))
            return layers[-1](hidden).numpy(), state
    return {name: part.numpy() for name, part in arrays.items()}, step


def since(arrays: dict[str, Any]) -> dict[str, Any]:
    """The names of version 5 and later."""
    found = {}
    for name, array in arrays.items():
        before = next((b for b in LATER if name == b or (b[-1] == "." and name.startswith(b))), "")
        found[LATER.get(before, "") + name.removeprefix(before)] = array
    return found


@pytest.mark.parametrize("names", ["earlier", "later"])
@pytest.mark.parametrize(("cell", "depth", "normalised", "spread"), [
    ("", 0, False, ""), ("", 0, True, "std"), ("LSTM", 1, False, "log_std"),
    ("GRU", 2, True, "std"), ("LSTM", 2, True, "")])
def test_a_checkpoint_is_its_layers(cell: str, depth: int, normalised: bool, spread: str,
                                    names: str) -> None:
    arrays, step = network(cell, depth, normalised, spread)
    original = LibraryOriginal(arrays if names == "earlier" else since(arrays), "")
    assert original.judge.startswith("rsl_rl ")
    memory = {"": "", "GRU": "h", "LSTM": "hc"}[cell]
    assert [*original.state()] == [f"{name}_{n}" for name in memory for n in range(depth)]
    x = np.random.default_rng(0).standard_normal((6, N)).astype(np.float32)
    reset = np.array([True, False, False, True, False, False])
    seen = child.record(original, Job("rsl_rl", ""), x, reset)
    state: Any = None
    parts: list[Any] = []
    for t, row in enumerate(x):
        state = None if reset[t] else state
        y, state = step(torch.from_numpy(row), state)
        np.testing.assert_allclose(seen.outputs["mean"][t], y, rtol=1e-5, atol=1e-6)
        parts = [] if state is None else [*(state if isinstance(state, tuple) else (state,))]
        for name, part in zip("hc", parts, strict=False):
            for n in range(depth):
                np.testing.assert_allclose(seen.after[f"{name}_{n}"][t], part[n, 0].numpy(),
                                           rtol=1e-5, atol=1e-6)
                before = seen.before[f"{name}_{n}"][t]
                np.testing.assert_array_equal(
                    before, 0 if reset[t] else seen.after[f"{name}_{n}"][t - 1])
    assert len(seen.before) == len(parts) * depth


@pytest.mark.parametrize(("spoil", "activation", "reason"), [
    (lambda own: {"std": own["std"]}, "", "no layers of an actor"),
    (lambda own: own, "hard_swish", "does not take the checkpoint: Invalid activation"),
    (lambda own: {**own, "mlp.1.extra": own["std"]}, "", "does not take the checkpoint"),
    (lambda own: {**own, "obs_normalizer.more": own["std"]}, "", "does not take the checkpoint")])
def test_what_is_not_the_librarys_is_not_judged(spoil: Any, activation: str, reason: str) -> None:
    arrays, _ = network("", 0, False, "std")
    with pytest.raises(Unjudged, match=reason):
        LibraryOriginal(spoil(arrays), activation)


def test_another_activation() -> None:
    arrays, _ = network("", 0, False, "")
    model: Any = LibraryOriginal(arrays, "tanh")
    kinds = [type(layer) for layer in model.model.mlp]
    assert kinds == [torch.nn.Linear, torch.nn.Tanh] * 2 + [torch.nn.Linear]
    assert not model.model.training and SimpleNamespace(**model.state()) == SimpleNamespace()
