# SPDX-License-Identifier: MIT
"""A torch module as an original: its forward, whatever it takes, returns and remembers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.original import Original, Unjudged, cut, sizes_of


@dataclass(frozen=True)
class Argument:
    """A tensor that forward takes.

    Attributes:
        name: by which our reader would call it.
        shape: a batch of 1 included.
        dtype: of torch; None for float32.
    """

    name: str
    shape: tuple[int, ...]
    dtype: Any = None


class ModuleOriginal(Original):
    """Runs ``forward`` in torch; state is in arguments that come back, and in buffers.

    Args:
        module: callable, with ``named_buffers`` if it remembers there.
        arguments: the tensors that forward takes, in order.
        job: tells which of them are state.
        call: makes forward's arguments of the tensors; the tensors themselves by default.
    """

    def __init__(self, module: Any, arguments: Sequence[Argument], job: Job,
                 call: Callable[[list[Any]], Any] | None = None) -> None:
        super().__init__()
        import torch

        self.torch = torch
        torch.set_num_threads(1)
        self.judge = f"torch {torch.__version__}"
        self.module, self.arguments, self.job = module, arguments, job
        self.call = call or (lambda tensors: module(*tensors))
        named = {*job.states, *(before for before, _ in job.pairs)}
        self.states = [a for a in arguments if a.name in named]
        self.observed = _observed([a for a in arguments if a.name not in named], job)
        self.buffers = {name: buffer for name, buffer in _buffers(module)
                        if buffer.is_floating_point()}
        self.initial = {name: buffer.detach().clone() for name, buffer in self.buffers.items()}
        self.memory: dict[str, Any] = {}
        self.changing: list[str] = []
        self._restore()
        self.step(np.ones(sum(sizes_of([a.shape for a in self.observed])), np.float32))
        self.changing = [name for name, buffer in _buffers(module)
                         if name in self.initial and not torch.equal(buffer, self.initial[name])]

    def meant(self, observation: Array) -> Array:
        """See :class:`Original`."""
        parts = [part if self._floats(a) else part > 0 if a.dtype is self.torch.bool
                 else np.rint(part) for a, part in zip(self.observed, self._parts(observation),
                                                       strict=True)]
        return np.concatenate([np.asarray(part, np.float32).reshape(-1) for part in parts])

    def reset(self) -> None:
        """See :class:`Original`."""
        self._restore()
        for name in ("reset_memory", "reset"):
            method = getattr(self.module, name, None)
            if callable(method):
                with self.torch.no_grad():
                    method()
                return

    def step(self, observation: Array) -> dict[str, Array]:
        """See :class:`Original`."""
        torch = self.torch
        given = dict(zip((a.name for a in self.observed), self._parts(observation), strict=True))
        tensors = []
        for a in self.arguments:
            value = self.memory.get(a.name)
            if value is None:
                part = given.get(a.name, np.zeros(a.shape, np.float32))
                value = torch.from_numpy(np.array(part, np.float32)).to(a.dtype or torch.float32)
            tensors.append(value)
        with torch.no_grad():
            found = named_leaves(torch, self.call(tensors))
        after = _successors(self.states, found, dict(self.job.pairs))
        self.memory = {name: found.pop(key).clone() for name, key in after.items()}
        return {name: leaf.detach().float().numpy() for name, leaf in found.items()}

    def state(self) -> dict[str, Array]:
        """See :class:`Original`."""
        buffers = dict(_buffers(self.module))
        return ({name: tensor.detach().float().numpy() for name, tensor in self.memory.items()}
                | {name: buffers[name].detach().numpy().copy() for name in self.changing})

    def _restore(self) -> None:
        torch = self.torch
        with torch.no_grad():
            for name, buffer in _buffers(self.module):
                if name in self.initial:
                    buffer.copy_(self.initial[name])
        self.memory = {a.name: torch.zeros(a.shape, dtype=a.dtype or torch.float32)
                       for a in self.states}

    def _parts(self, observation: Array) -> list[Array]:
        return cut(observation, [a.shape for a in self.observed])

    def _floats(self, argument: Argument) -> bool:
        return argument.dtype is None or bool(argument.dtype.is_floating_point)


def _observed(free: list[Argument], job: Job) -> list[Argument]:
    wanted = job.size
    fewer = [a for a in free if f"argument {a.name}:" not in job.told]
    for arguments in (free, fewer):
        if sum(sizes_of([a.shape for a in arguments])) == wanted:
            return arguments
    raise Unjudged(f"forward takes {', '.join(f'{a.name} {a.shape}' for a in free)}, "
                   f"not {wanted} numbers")


def _buffers(module: Any) -> list[tuple[str, Any]]:
    return list(module.named_buffers()) if hasattr(module, "named_buffers") else []


def named_leaves(torch: Any, value: Any) -> dict[str, Any]:
    """The tensors that forward returned, by their last key, else by their place."""
    leaves, _ = torch.utils._pytree.tree_flatten_with_path(value)
    found: dict[str, Any] = {}
    for index, (path, leaf) in enumerate(leaves):
        if not isinstance(leaf, torch.Tensor):
            continue
        keys = [str(key) for key in (getattr(part, "key", getattr(part, "name", None))
                                     for part in path) if isinstance(key, str)]
        name = keys[-1] if keys else f"output_{index}"
        found[f"{name}_{index}" if name in found else name] = leaf
    return found


def _successors(states: list[Argument], found: dict[str, Any], given: dict[str, str]
                ) -> dict[str, str]:
    """Each argument of state with its new value: the last outputs of its shape, in order."""
    pairs: dict[str, str] = {}
    names = list(found)
    for state in states:
        if (wanted := given.get(state.name)) is not None:
            pairs[state.name] = names[int(wanted)] if wanted.isdigit() else wanted
    end = len(names)
    for state in reversed([s for s in states if s.name not in pairs]):
        fitting = [i for i in range(1, end) if tuple(found[names[i]].shape) == state.shape
                   and names[i] not in pairs.values()]
        if not fitting:
            raise Unjudged(f"forward returns no new value of {state.name}")
        pairs[state.name], end = names[fitting[-1]], fitting[-1]
    return pairs
