# SPDX-License-Identifier: MIT
"""Sample Factory: vectors and images, with its cells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.frontends.support.networks import Memory, linear, mlp, named, normaliser, optimizer, rows
from tests.frontends.support.row import Made

N, A = 6, 3
Make = Callable[[Path], Made]


def sample_factory(*, cell: str = "", continuous: bool = False, key: str = "obs") -> Make:
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(7)
        body = mlp(torch, [N, 12, 10], torch.nn.ELU, last=True)
        memory = Memory(getattr(torch.nn, cell)(10, 8)) if cell else None
        head = linear(torch, 8 if memory else 10, 2 * A if continuous else A)
        mean, variance = normaliser(torch)
        norm = f"obs_normalizer.running_mean_std.running_mean_std.{key}."
        parts: dict[str, Any] = {
            f"{norm}running_mean": mean, f"{norm}running_var": variance,
            f"{norm}count": torch.ones(1, dtype=torch.float64),
            "returns_normalizer.running_mean": torch.zeros(1, dtype=torch.float64),
            f"encoder.encoders.{key}.mlp_head": body, "critic_linear": linear(torch, 8, 1),
            "action_parameterization.distribution_linear": head}
        if memory:
            parts["core.core"] = memory.module
        path = directory / "checkpoint_000000976_4000000.pth"
        torch.save({"train_step": 976, "env_steps": 4000000, "best_performance": 1.0,
                    "model": named(torch, parts).state_dict(), "optimizer": optimizer(torch),
                    "curr_lr": 1e-4}, path)

        def step(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                h = (rows(torch, x) - mean.float()) * (1 / torch.sqrt(variance.float() + 1e-5))
                h = body(h.clamp(-5, 5))
                y = head(memory(h) if memory else h).numpy()
                return {"mean": y[:, :A]} if continuous else {"logits": y}
        return Made(path, step, N, {"action": "continuous"} if continuous else {})
    return make


def _residual(torch: Any, filters: int) -> Any:
    """A block of Sample Factory's resnet_impala, with its names."""
    nn = torch.nn

    class Block(nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.res_block_core = nn.Sequential(
                nn.ReLU(), nn.Conv2d(filters, filters, 3, padding=1),
                nn.ReLU(), nn.Conv2d(filters, filters, 3, padding=1))

        def forward(self, x: Any) -> Any:
            return self.res_block_core(x) + x

    return Block()


def _image_layers(torch: Any, name: str, planes: int) -> list[Any]:
    nn = torch.nn
    if name == "resnet_impala":
        layers: list[Any] = []
        for inputs, filters in ((planes, 16), (16, 32), (32, 32)):
            layers += [nn.Conv2d(inputs, filters, 3, padding=1), nn.MaxPool2d(3, 2, 1),
                       _residual(torch, filters), _residual(torch, filters)]
        return [*layers, nn.ReLU()]
    sizes = {"convnet_simple": ((32, 8, 4), (64, 4, 2), (128, 3, 2)),
             "convnet_atari": ((32, 8, 4), (64, 4, 2), (64, 3, 1)),
             "convnet_impala": ((16, 8, 4), (32, 4, 2))}[name]
    layers, inputs = [], planes
    for filters, kernel, stride in sizes:
        layers += [nn.Conv2d(inputs, filters, kernel, stride), nn.ReLU()]
        inputs = filters
    return layers


def sample_factory_image(name: str, side: int, *, normalised: bool, separate: bool = False
                          ) -> Make:
    """ReLU and a scale of 255, which are in config.json only."""
    def make(directory: Path) -> Made:
        import torch
        torch.manual_seed(10)
        planes = 2
        convolutions = torch.nn.Sequential(*_image_layers(torch, name, planes))
        with torch.no_grad():
            for layer in convolutions.modules():
                if isinstance(layer, torch.nn.Conv2d):  # as sums that cancel bound badly
                    layer.weight.abs_()
            inputs = convolutions(torch.zeros(1, planes, side, side)).numel()
        body = mlp(torch, [inputs, 8], torch.nn.ReLU, last=True)
        head = linear(torch, 8, A)
        stem = "actor_encoder." if separate else "encoder."
        stem += "encoders.obs." + ("" if name == "resnet_impala" else "enc.")
        parts: dict[str, Any] = {f"{stem}conv_head": convolutions, f"{stem}mlp_layers": body,
                                 "critic_linear": linear(torch, 8, 1),
                                 "action_parameterization.distribution_linear": head}
        shape = (planes, side, side)
        mean, variance = torch.rand(shape).double() / 4, torch.rand(shape).double() + 0.5
        if normalised:
            norm = "obs_normalizer.running_mean_std.running_mean_std.obs."
            parts |= {f"{norm}running_mean": mean, f"{norm}running_var": variance,
                      f"{norm}count": torch.ones(1, dtype=torch.float64)}
        if separate:
            parts["critic_encoder.encoders.obs.enc.conv_head.0"] = convolutions[0]
        directory.joinpath("config.json").write_text(json.dumps({
            "nonlinearity": "relu", "obs_subtract_mean": 0.0, "obs_scale": 255.0}))
        path = directory / "checkpoint_000000976_4000000.pth"
        torch.save({"train_step": 976, "env_steps": 4000000,
                    "model": named(torch, parts).state_dict()}, path)

        def step(x: Any) -> dict[str, Any]:
            with torch.no_grad():
                h = rows(torch, x).reshape(1, *shape) * (1 / 255)
                if normalised:
                    h = (h - mean.float()) * (1 / torch.sqrt(variance.float() + 1e-5))
                    h = h.clamp(-5, 5)
                return {"logits": head(body(convolutions(h).reshape(1, -1))).numpy()}
        options: dict[str, Any] = {"config": directory / "config.json"}
        if not normalised:
            options["observation"] = {"image": shape}
        return Made(path, step, planes * side * side, options, lambda random, size: random.integers(
            0, 256, size).astype("float32"), steps=3)
    return make
