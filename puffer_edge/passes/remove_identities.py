# SPDX-License-Identifier: MIT
"""Removes ops that give back their input, and joins chains of reshapes."""

from __future__ import annotations

from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import Concat, Expand, Reshape, Slice, Transpose
from puffer_edge.passes.dead_code import remove_dead_code


def remove_identities(program: Program) -> Program:
    """Right because values are static: same elements in the same order are the same value."""
    names: dict[str, str] = {}
    shapes = {name: value.shape for name, value in program.values.items()}
    kept: list[Op] = []
    reshaped: dict[str, str] = {}  # output of a kept Reshape -> its input
    for op in program.ops:
        op = op.renamed(names)
        if _moves_nothing(op, shapes):
            source = op.operands[0]
            while source in reshaped:
                source = reshaped[source]
            (target,) = op.outputs
            if shapes[source] == shapes[target] and target not in program.results:
                names[target] = source
                continue
            op = Reshape(x=source, y=target, shape=shapes[target], layer=op.layer)
            reshaped[target] = source
        kept.append(op)
    return remove_dead_code(program.with_ops(kept))  # or rewrites would see readers that are none


def _moves_nothing(op: Op, shapes: dict[str, tuple[int, ...]]) -> bool:
    if isinstance(op, Transpose):  # axes of size 1 may go anywhere
        walked = [axis for axis in op.permutation if shapes[op.x][axis] > 1]
        return walked == sorted(walked)
    if isinstance(op, Concat):
        return len(op.xs) == 1
    if isinstance(op, Slice | Expand):
        same_size = shapes[op.x] == shapes[op.y]
        return same_size and (isinstance(op, Expand) or all(step == 1 for step in op.steps))
    return isinstance(op, Reshape)
