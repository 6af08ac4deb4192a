# SPDX-License-Identifier: MIT
"""TorchScript archives in torch; they are programs, so only where the user asks for it."""

from __future__ import annotations

from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.modules import Argument, ModuleOriginal
from puffer_edge.verification.originals.original import Original


def open_original(job: Job) -> Original:
    """The script of a file, in evaluation mode."""
    import torch

    module = torch.jit.load(job.path, map_location="cpu").eval()
    names = [argument.name for argument in module.forward.schema.arguments[1:]]
    shapes = dict(zip(job.states, job.state_shapes, strict=True))
    free = [name for name in names if name not in shapes]
    parts = ([job.shape] if len(free) <= 1 or len(job.parts) != len(free)
             else [(1, *part) for part in job.parts])
    if job.frame_stack > 1 or job.masked:
        parts = [(1, job.size)]
    given = dict(zip(free, parts, strict=False))
    return ModuleOriginal(module, [Argument(name, given.get(name) or shapes[name])
                                   for name in names if name in given or name in shapes], job)
