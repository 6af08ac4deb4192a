# SPDX-License-Identifier: MIT
"""``.pt2`` files in torch; its loader can unpickle, so only where the user asks for it."""

from __future__ import annotations

from puffer_edge.verification.originals.job import Job
from puffer_edge.verification.originals.modules import Argument, ModuleOriginal
from puffer_edge.verification.originals.original import Original


def open_original(job: Job) -> Original:
    """The program of a file."""
    import torch

    program = torch.export.load(job.path)
    nodes = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    arguments = []
    for name in program.graph_signature.user_inputs:
        value = nodes[name].meta["val"] if name in nodes else None
        if isinstance(value, torch.Tensor):
            shape = tuple(n if type(n) is int else 1 for n in value.shape)  # dynamic is one
            arguments.append(Argument(name, shape, value.dtype))
    module = program.module()
    spec = program.call_spec.in_spec

    def call(tensors: list[object]) -> object:
        positional, named = torch.utils._pytree.tree_unflatten(tensors, spec)
        return module(*positional, **named)
    simple = len(arguments) == spec.num_leaves
    return ModuleOriginal(module, arguments, job, call if simple else None)
