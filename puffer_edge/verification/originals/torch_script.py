# SPDX-License-Identifier: MIT
"""TorchScript archives in torch; they are programs, so only where the user asks for it."""

from __future__ import annotations

from typing import Any

from puffer_edge.arrays import Array
from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.modules import Argument, ModuleOriginal
from puffer_edge.verification.originals.original import Original


def open_original(job: Job) -> Original:
    """The script of a file, in evaluation mode."""
    import torch

    module = torch.jit.load(job.path, map_location="cpu").eval()
    taken = {argument.name: _names(argument) for argument in module.forward.schema.arguments[1:]}
    names = [name for parts in taken.values() for name in parts]
    shapes = dict(zip(job.states, job.state_shapes, strict=True))
    free = [name for name in names if name not in shapes]
    parts = ([job.shape] if len(free) <= 1 or len(job.parts) != len(free)
             else [(1, *part) for part in job.parts])
    if job.frame_stack > 1 or job.masked:
        parts = [(1, job.size)]
    given = dict(zip(free, parts, strict=False))
    return _Script(module, taken, [Argument(name, given.get(name) or shapes[name])
                                   for name in names if name in given or name in shapes], job)


class _Script(ModuleOriginal):
    """Where an episode begins, state that forward may be called without is left out.

    Args:
        module: the script.
        taken: arguments of forward, with the names of their tensors.
        arguments: the tensors that are given.
        job: what to run.
    """

    def __init__(self, module: Any, taken: dict[str, list[str]], arguments: list[Argument],
                 job: Job) -> None:
        self.taken, self.fresh = taken, True
        self.optional = {a.name for a in module.forward.schema.arguments if a.has_default_value()}
        super().__init__(module, arguments, job, self._called)

    def reset(self) -> None:
        """See :class:`Original`."""
        super().reset()
        self.fresh = True

    def step(self, observation: Array) -> dict[str, Array]:
        """See :class:`Original`."""
        found = super().step(observation)
        self.fresh = False
        return found

    def _called(self, tensors: list[Any]) -> Any:
        by_name = dict(zip((a.name for a in self.arguments), tensors, strict=True))
        states = {a.name for a in self.states}
        named = {}
        for name, parts in self.taken.items():
            given = [by_name[part] for part in parts if part in by_name]
            begins = self.fresh and name in self.optional and states.issuperset(parts)
            if given and not begins:
                named[name] = given[0] if parts == [name] else tuple(given)
        return self.module(**named)


def _names(argument: Any) -> list[str]:
    """Of the tensors of an argument: its own, or one for each part of a tuple."""
    kind = argument.type
    while kind.kind() == "OptionalType":
        kind = kind.getElementType()
    if kind.kind() == "TupleType":
        return [f"{argument.name}.{index}" for index in range(len(kind.elements()))]
    return [argument.name]
