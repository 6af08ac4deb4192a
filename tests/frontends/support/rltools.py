# SPDX-License-Identifier: MIT
"""RLtools' HDF5 files: groups and attributes as its ``save`` writes them, and RAPTOR itself."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.frontends.support.networks import Memory, linear, rows
from tests.frontends.support.row import Made, Row

N, A = 6, 3
Make = Callable[[Path], Made]


def parameters(group: Any, name: str, array: Any) -> None:
    """A parameter: a group of its own, with the data in it."""
    group.create_group(name).create_dataset("parameters", data=np.asarray(array, np.float32))


def dense(group: Any, layer: Any, function: str) -> None:
    group.attrs["type"] = "dense"
    group.attrs["activation_function"] = function
    parameters(group, "weights", layer.weight.detach())
    parameters(group, "biases", layer.bias.detach()[None])


def gru(group: Any, layer: Any, initial: Any) -> None:
    group.attrs["type"] = "gru"
    for name in ("weight", "bias"):
        for ours, theirs in (("input", "ih"), ("hidden", "hh")):
            plural = "weights" if name == "weight" else "biases"
            parameters(group, f"{plural}_{ours}", getattr(layer, f"{name}_{theirs}_l0").detach())
    parameters(group, "initial_hidden_state", initial)


def example(file: Any, made: Made, steps: int = 12, *, action: Callable[[Any], Any] = lambda x: x
            ) -> None:
    """What the network gives, [steps, 1, elements]."""
    x = np.random.default_rng(3).standard_normal((steps, 1, made.size)).astype(np.float32)
    file["example/input"] = x
    file["example/output"] = np.stack([action(made.step(row)["mean"]) for row in x])


def recurrent(directory: Path) -> Made:
    """Standardised, a GRU that begins elsewhere than at zero."""
    import h5py
    import torch

    torch.manual_seed(1)
    first, last = linear(torch, N, 12), linear(torch, 8, A)
    mean, precision = torch.randn(N), torch.rand(N) + 0.5
    initial = torch.rand(8) - 0.5
    path = directory / "checkpoint.h5"

    def network() -> Callable[[Any], dict[str, Any]]:
        memory.state = initial.reshape(1, 1, 8)

        def step(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                h = torch.relu(first((rows(torch, x) - mean) * precision))
                return {"mean": last(memory(h)).numpy()}
        return step

    memory = Memory(torch.nn.GRU(12, 8))
    with h5py.File(path, "w") as file:
        actor = file.create_group("actor")
        actor.attrs["type"] = "sequential"
        layers = [actor.create_group(f"layers/{index}") for index in range(4)]
        layers[0].attrs["type"] = "standardize"
        parameters(layers[0], "mean", mean[None])
        parameters(layers[0], "precision", precision[None])
        dense(layers[1], first, "RELU")
        gru(layers[2], memory.module, initial)
        dense(layers[3], last, "IDENTITY")
        example(file, Made(path, network(), N))
    return Made(path, network(), N)


def squashed(directory: Path) -> Made:
    """SAC's actor: an MLP of mean and deviation, sampled and squashed."""
    import h5py
    import torch

    torch.manual_seed(2)
    layers = [linear(torch, *sizes) for sizes in ((N, 12), (12, 10), (10, 2 * A))]
    path = directory / "checkpoint.h5"

    def step(x: Any) -> dict[str, Any]:
        with torch.no_grad():
            h = layers[0](rows(torch, x)).clip(-3, 3)
            h = h * (27 + h * h) / (27 + 9 * h * h)
            return {"mean": layers[2](torch.sigmoid(layers[1](h)))[:, :A].numpy()}

    made = Made(path, step, N)
    with h5py.File(path, "w") as file:
        actor = file.create_group("actor")
        actor.attrs["type"] = "sequential"
        body = actor.create_group("layers/0")
        body.attrs["type"] = "mlp"
        body.attrs["num_layers"] = 3
        for name, layer, function in zip(("input_layer", "hidden_layer_0", "output_layer"), layers,
                                         ("FAST_TANH", "SIGMOID", "IDENTITY"), strict=True):
            dense(body.create_group(name), layer, function)
        actor.create_group("layers/1").attrs["type"] = "sample_and_squash"
        example(file, made, action=np.tanh)
    return made


def raptor_file() -> Path:
    """The checkpoint in the package foundation-policy."""
    found = importlib.util.find_spec("foundation_policy")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "blob" / "checkpoint.h5"


def raptor(directory: Path) -> Made:
    import foundation_policy

    network = foundation_policy.QuadrotorPolicy()
    network.reset()
    return Made(raptor_file(), lambda x: {"mean": network.evaluate_step(x[None])}, 22)


ROWS: tuple[Row, ...] = (
    Row("RLtools", "GRU, standardised", "`.h5`", recurrent, "RLtools checkpoint", package="h5py"),
    Row("RLtools", "SAC, MLP", "`.h5`", squashed, "RLtools checkpoint", package="h5py"),
    Row("RLtools", "RAPTOR, the quadrotor policy in the package foundation-policy", "`.h5`", raptor,
        "RLtools checkpoint", package="foundation_policy"),
)
