# SPDX-License-Identifier: MIT
"""Fuses an elementwise function into the linear layer before it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import Conv, Gemm, Unary


def fuse_activations(program: Program, functions: Collection[str] | None = None) -> Program:
    """Right because nobody else reads the value between the two.

    Args:
        program: any.
        functions: names of those that are fused; all by default.
    """
    readers = program.consumers()
    fused: dict[str, Unary] = {}
    for op in program.ops:
        if isinstance(op, Gemm | Conv) and op.activation is None and op.y not in program.results:
            after = readers.get(op.y, [])
            if len(after) == 1 and isinstance(after[0], Unary) and (
                    functions is None or after[0].function.function in functions):
                fused[op.y] = after[0]
    gone = {unary.y for unary in fused.values()}
    ops: list[Op] = []
    for op in program.ops:
        if isinstance(op, Gemm | Conv) and op.y in fused:
            unary = fused[op.y]
            op = replace(op, y=unary.y, activation=unary.function)
        elif isinstance(op, Unary) and op.y in gone:
            continue
        ops.append(op)
    return program.with_ops(ops)
