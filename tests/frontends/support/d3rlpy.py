# SPDX-License-Identifier: MIT
"""``.d3`` files of d3rlpy: by our own writer, and by the library itself."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.frontends.support.networks import linear, rows
from tests.frontends.support.row import Made, Row

N, A = 6, 3
NONE: dict[str, Any] = {"type": "none", "params": {}}
LOW, HIGH = np.array([-2.0, -1.0, 0.0]), np.array([2.0, 3.0, 0.5])


def encoder(kind: str, **settings: Any) -> dict[str, Any]:
    """An encoder as the settings have it; the defaults are d3rlpy's."""
    return {"type": kind, "params": {
        "activation": "relu", "use_batch_norm": False, "use_layer_norm": False,
        "dropout_rate": None, "exclude_last_activation": False, "last_activation": None,
        **settings}}


def write(path: Path, modules: dict[str, Any], algorithm: str, shape: list[int], actions: int,
          **settings: Any) -> Path:
    """A file as ``algo.save`` writes it."""
    import torch

    weights = io.BytesIO()
    torch.save({name: module.state_dict() for name, module in modules.items()}, weights)
    config = {"observation_shape": shape, "action_size": actions, "config": {
        "type": algorithm, "params": {"batch_size": 256, "observation_scaler": NONE,
                                      "action_scaler": NONE, **settings}}}
    path.write_bytes(pickle.dumps({"torch": weights.getvalue(), "config": json.dumps(config),
                                   "version": "2.8.1"}))
    return path


class Network:
    """``_encoder._layers`` and a head, by their names in d3rlpy."""

    def __new__(cls, layers: Any, part: str = "_layers", **heads: Any) -> Any:
        """The module; its children are what state_dict names."""
        import torch

        class Encoder(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.add_module(part, layers)

        class Policy(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self._encoder = Encoder()
                for name, head in heads.items():
                    self.add_module(name, head)

        return Policy().eval()


def _actor(directory: Path) -> Made:
    """An actor with norms, standardised observations, and bounds."""
    import torch

    torch.manual_seed(1)
    layers = torch.nn.Sequential(
        linear(torch, N, 12), torch.nn.Tanh(), torch.nn.BatchNorm1d(12), torch.nn.LayerNorm(12),
        linear(torch, 12, 10), torch.nn.SiLU(), torch.nn.BatchNorm1d(10), torch.nn.LayerNorm(10))
    with torch.no_grad():
        for index in (2, 6):
            layers[index].running_mean.normal_()
            layers[index].running_var.uniform_(0.5, 2)
    policy = Network(layers, _mu=linear(torch, 10, A), _logstd=linear(torch, 10, A))
    mean, deviation = np.arange(N) / 2, np.linspace(0.5, 2, N)
    path = write(directory / "policy.d3", {"policy": policy, "q_funcs": linear(torch, 2, 2)}, "sac",
                 [N], A, observation_scaler={"type": "standard", "params": {
                     "mean": mean.tolist(), "std": deviation.tolist(), "eps": 1e-3}},
                 action_scaler={"type": "min_max", "params": {
                     "minimum": LOW.tolist(), "maximum": HIGH.tolist()}},
                 actor_encoder_factory=encoder("vector", activation="tanh", last_activation="swish",
                                               use_batch_norm=True, use_layer_norm=True,
                                               hidden_units=[12, 10]))

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            h = rows(torch, (x - mean) / (deviation + 1e-3))
            return {"mean": policy._mu(layers(h)).numpy()}
    return Made(path, step, N)


def _quantiles(directory: Path) -> Made:
    """Values whose quantiles are averaged, of an observation between two bounds."""
    import torch

    torch.manual_seed(2)
    layers = torch.nn.Sequential(linear(torch, N, 12), torch.nn.ReLU())
    values = Network(layers, _fc=linear(torch, 12, A * 8))
    low, high = np.full(N, -3.0), np.linspace(1, 5, N)
    path = write(directory / "policy.d3", {"q_funcs": torch.nn.ModuleList([values])},
                 "discrete_cql", [N], A, encoder_factory=encoder("vector", hidden_units=[12]),
                 q_func_factory={"type": "qr", "params": {"n_quantiles": 8}},
                 observation_scaler={"type": "min_max", "params": {
                     "minimum": low.tolist(), "maximum": high.tolist()}})

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            h = layers(rows(torch, (x - low) / (high - low) * 2 - 1))
            return {"logits": values._fc(h).reshape(1, A, 8).mean(dim=2).numpy()}
    return Made(path, step, N)


def _images(directory: Path) -> Made:
    """The default encoder of images, made smaller by filters."""
    import torch

    torch.manual_seed(3)
    cnn = torch.nn.Sequential(torch.nn.Conv2d(2, 4, 3, 2), torch.nn.ReLU(),
                              torch.nn.Conv2d(4, 6, 3, 1), torch.nn.ReLU())
    last = torch.nn.Sequential(torch.nn.Linear(6 * 3 * 3, 16), torch.nn.ReLU())
    values = Network(cnn, "_cnn_layers", _fc=linear(torch, 16, A))
    values._encoder.add_module("_last_layers", last)
    path = write(directory / "policy.d3", {"q_funcs": torch.nn.ModuleList([values])}, "dqn",
                 [2, 11, 11], A, q_func_factory={"type": "mean", "params": {}},
                 encoder_factory=encoder("pixel", filters=[[4, 3, 2], [6, 3, 1]], feature_size=16),
                 observation_scaler={"type": "pixel", "params": {}})

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            h = last(cnn(rows(torch, x).reshape(1, 2, 11, 11) / 255).reshape(1, -1))
            return {"logits": values._fc(h).numpy()}
    return Made(path, step, 2 * 11 * 11,
                observations=lambda random, size: random.integers(0, 256, size).astype(np.float32))


def _real(directory: Path, make: Callable[[Any, Any], Any], shape: tuple[int, ...] = (N,)) -> Made:
    """A file of the library; its own forward is the judge."""
    import d3rlpy
    import torch

    torch.manual_seed(4)
    algorithm = make(d3rlpy, d3rlpy.models.encoders).create()
    algorithm.create_impl(shape, A)
    path = directory / "policy.d3"
    algorithm.save(str(path))
    modules = algorithm.impl.modules

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            h = rows(torch, x).reshape(1, *shape)
            if algorithm.config.observation_scaler is not None:
                h = algorithm.config.observation_scaler.transform(h)
            modules.set_eval()
            if not hasattr(modules, "policy"):
                return {"logits": algorithm.impl.q_function[0](h).q_value.numpy()}
            return {"mean": modules.policy(h).mu.numpy()}
    return Made(path, step, int(np.prod(shape)))


def _cql(library: Any, encoders: Any) -> Any:
    return library.algos.CQLConfig(
        actor_encoder_factory=encoders.VectorEncoderFactory(
            [16, 12], activation="tanh", use_layer_norm=True, use_batch_norm=True),
        observation_scaler=library.preprocessing.StandardObservationScaler(
            mean=np.arange(N) / 2, std=np.linspace(0.5, 2, N)),
        action_scaler=library.preprocessing.MinMaxActionScaler(minimum=LOW, maximum=HIGH))


def _dqn(library: Any, encoders: Any) -> Any:
    return library.algos.DQNConfig(
        encoder_factory=encoders.PixelEncoderFactory([[4, 3, 2], [6, 3, 1]], feature_size=16),
        q_func_factory=library.models.QRQFunctionFactory(n_quantiles=8),
        observation_scaler=library.preprocessing.PixelObservationScaler())


ROWS: tuple[Row, ...] = (
    Row("d3rlpy 2", "SAC, normalised", "`.d3`", _actor, "d3rlpy 2.8.1, sac"),
    Row("d3rlpy 2", "discrete CQL, quantiles", "`.d3`", _quantiles, "d3rlpy 2.8.1, discrete_cql"),
    Row("d3rlpy 2", "DQN, images", "`.d3`", _images, "d3rlpy 2.8.1, dqn"),
)
REAL: tuple[Row, ...] = (
    Row("d3rlpy 2", "CQL", "`.d3`", partial(_real, make=_cql), "d3rlpy", package="d3rlpy"),
    Row("d3rlpy 2", "TD3+BC", "`.d3`",
        partial(_real, make=lambda library, _: library.algos.TD3PlusBCConfig()), "d3rlpy",
        package="d3rlpy"),
    Row("d3rlpy 2", "DQN, images, quantiles", "`.d3`",
        partial(_real, make=_dqn, shape=(2, 11, 11)), "d3rlpy", package="d3rlpy"),
)
