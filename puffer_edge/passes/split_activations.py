# SPDX-License-Identifier: MIT
"""Takes an activation out of the linear layer that it was fused into."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import Conv, Gemm, Unary


def split_activations(program: Program, kept: Collection[str] = ()) -> Program:
    """The inverse of ``fuse_activations``, for a Program that was optimised before it came here.

    Args:
        program: any.
        kept: names of the functions that stay fused.
    """
    ops: list[Op] = []
    names = set(program.values)
    for op in program.ops:
        if isinstance(op, Gemm | Conv) and op.activation is not None and (
                op.activation.function not in kept):
            before = f"{op.y}.before"
            while before in names:
                before += "_"
            names.add(before)
            ops += [replace(op, y=before, activation=None),
                    Unary(x=before, y=op.y, function=op.activation, layer=op.layer)]
        else:
            ops.append(op)
    return program.with_ops(ops)
