# SPDX-License-Identifier: MIT
"""Constants that are joined to what a layer reads go into its bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import Concat, Gemm, GRUCell, LSTMCell
from puffer_edge.passes.constants import overflows, unused


def fold_constant_parts(program: Program) -> Program:
    """Right up to rounding: ``W [x, c] + b = W_x x + (W_c c + b)``, in float64, rounded once.

    Of the gates of an LSTM or a GRU, which are linear in x, too.
    """
    readers = program.consumers()
    for join in program.ops:
        if not isinstance(join, Concat) or join.y in program.results:
            continue
        shape = program.values[join.y].shape
        reader = readers[join.y][0] if len(readers[join.y]) == 1 else None
        if (not isinstance(reader, Gemm | LSTMCell | GRUCell) or reader.x != join.y
                or shape[:-1] != (1,) or join.axis != len(shape) - 1
                or not {reader.weight, reader.bias} - {""} <= program.constants.keys()):
            continue
        constant = [name in program.constants for name in join.xs]
        if any(constant) and not all(constant):
            folded = _folded(program, join, reader, constant)
            if folded is not None:
                return fold_constant_parts(folded)
    return program


def _folded(program: Program, join: Concat, reader: Gemm | LSTMCell | GRUCell,
            constant: Sequence[bool]) -> Program | None:
    widths = [program.values[name].shape[-1] for name in join.xs]
    fixed = np.repeat(constant, widths)
    weight = program.constants[reader.weight].astype(np.float64)
    parts = [program.constants[name] for name, is_fixed in zip(join.xs, constant, strict=True)
             if is_fixed]
    numbers = np.concatenate([part.reshape(-1).astype(np.float64) for part in parts])
    bias = np.zeros(len(weight)) if not reader.bias else (
        program.constants[reader.bias].astype(np.float64))
    for column, number in zip(weight.T[fixed], numbers, strict=True):  # in order: the same bits
        bias = bias + column * number
    if overflows(bias):
        return None
    left = tuple(name for name, is_fixed in zip(join.xs, constant, strict=True) if not is_fixed)
    stem, other = (unused(f"{join.y}.{kind}.folded", program.values) for kind in ("weight", "bias"))
    made: list[Op] = [replace(join, xs=left)] if len(left) > 1 else []
    changed = replace(reader, x=join.y if made else left[0], weight=stem, bias=other)
    constants = {**program.constants, stem: np.ascontiguousarray(
        program.constants[reader.weight][:, ~fixed]), other: bias.astype(np.float32)}
    ops: list[Op] = []
    for op in program.ops:
        ops += made if op is join else [changed] if op is reader else [op]
    return program.with_ops(ops, constants).noting(
        "folded", f"{int(fixed.sum())} constants that are joined to the inputs of "
                  f"{reader.layer or reader.outputs[0]} into its bias")
