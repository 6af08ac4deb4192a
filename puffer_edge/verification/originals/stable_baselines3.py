# SPDX-License-Identifier: MIT
"""Zips of Stable-Baselines3 and sb3-contrib: the library's policy class, filled with the weights.

Nothing is unpickled. Our strict reader gives arrays and what the zip's JSON says in plain words;
the class is made of that by the library, which then checks names and shapes itself
(``load_state_dict``), normalises images, squashes and unscales. VecNormalize is its formula:
``clip((x - mean) / sqrt(var + epsilon), -clip, clip)`` in float64.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.readers.stable_baselines3_zip import (
    Space,
    StableBaselines3File,
    load_stable_baselines3,
)
from puffer_edge.readers.vec_normalize import (
    VecNormalizeStatistics,
    load_vec_normalize,
)
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.original import Original
from puffer_edge.verification.originals.stable_baselines3_policy import Built, build


def open_original(job: Job) -> Original:
    """The policy of a zip."""
    file = load_stable_baselines3(Path(job.path))
    return StableBaselines3Original(build(file, job), file, job)


class StableBaselines3Original(Original):
    """A policy of the library; raw outputs are caught behind its last layers."""

    def __init__(self, built: Built, file: StableBaselines3File, job: Job) -> None:
        super().__init__()
        import stable_baselines3
        import torch

        self.torch, self.built, self.job = torch, built, job
        self.judge = f"Stable-Baselines3 {stable_baselines3.__version__}"
        self.space = file.observation
        self.flags = file.action.kind == "multibinary"
        self.statistics = load_vec_normalize(Path(job.vec_normalize)) if job.vec_normalize else None
        self.caught: dict[str, Any] = {}
        for name, layer in built.outputs.items():
            layer.register_forward_hook(
                lambda module, given, result, name=name: self._catch(name, given[0], result))
        self.reset()

    def meant(self, observation: Array) -> Array:
        """See :class:`Original`."""
        return np.concatenate([_meant(part, space) for _, space, part in self._parts(observation)])

    def reset(self) -> None:
        """See :class:`Original`."""
        self.memory = self.built.zero_state()

    def step(self, observation: Array) -> dict[str, Array]:
        """See :class:`Original`."""
        given = {name: self._normalised(name, _taken(part, space))
                 for name, space, part in self._parts(observation)}
        x = given if self.space.kind == "dict" else given[""]
        self.caught = {}
        with self.torch.no_grad():
            self.action, self.memory = self.built.act(x, self.memory)
        if not self.job.own_action:
            self.action = None
        return dict(self.caught)

    def state(self) -> dict[str, Array]:
        """See :class:`Original`."""
        return {f"{name}_{layer}": part[layer] for name, part in self.memory.items()
                for layer in range(len(part))}

    def _catch(self, name: str, features: Any, result: Any) -> None:
        if self.built.quantiles and name == "output":
            # The mean of many: in float64, as the order of so long a sum is nobody's.
            layer = self.built.outputs[name]
            result = (features.double() @ layer.weight.double().T + layer.bias.double()).reshape(
                self.built.quantiles, -1).mean(0)
        elif self.flags and name == "output":
            result = self.torch.stack([self.torch.zeros_like(result), result], -1)
        self.caught[name] = result.numpy().copy()

    def _parts(self, flat: Array) -> list[tuple[str, Space, Array]]:
        spaces = self.space.parts if self.space.kind == "dict" else {"": self.space}
        if not self.space.parts and not self.space.shape and not self.space.sizes:
            return [("", Space("box", (flat.size,)), flat)]
        found, start = [], 0
        for name, space in spaces.items():
            size = sum(space.sizes) or int(np.prod(space.shape))
            found.append((name, space, flat[start : start + size]))
            start += size
        return found

    def _normalised(self, name: str, part: Array) -> Array:
        found = self.statistics
        if isinstance(found, dict):
            found = found.get(name)
        if not isinstance(found, VecNormalizeStatistics):
            return part
        shape = np.shape(part)
        z = (np.reshape(part, -1) - found.mean) / np.sqrt(found.var + found.epsilon)
        return np.clip(z, -found.clip, found.clip).astype(np.float32).reshape(shape)


def _segments(part: Array, sizes: tuple[int, ...]) -> list[Array]:
    return list(np.split(part, np.cumsum(sizes)[:-1]))


def _meant(part: Array, space: Space) -> Array:
    """Flat, as our Program takes it: one-hot where the space is of choices."""
    if space.kind in ("discrete", "multidiscrete"):
        return np.concatenate([np.eye(len(row), dtype=np.float32)[int(row.argmax())]
                               for row in _segments(part, space.sizes)])
    if space.kind == "multibinary":
        return (part > 0).astype(np.float32)
    if space.dtype.startswith(("int", "uint")):
        limits = np.iinfo(space.dtype)
        return np.clip(np.rint(part), limits.min, limits.max).astype(np.float32)
    return part


def _taken(part: Array, space: Space) -> Any:
    """As the library takes it from an environment."""
    if space.kind == "discrete":
        return np.int64(part.argmax() + (space.start[0] if space.start else 0))
    if space.kind == "multidiscrete":
        starts = space.start or (0,) * len(space.sizes)
        return np.array([row.argmax() + first for row, first in zip(
            _segments(part, space.sizes), starts, strict=True)])
    if space.kind == "multibinary":
        return part.astype(np.int8).reshape(space.shape)
    return part.reshape(space.shape).astype(space.dtype or "float32")
