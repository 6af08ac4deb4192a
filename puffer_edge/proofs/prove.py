# SPDX-License-Identifier: MIT
"""One proof per op, from the declared ranges and the constants; what has none takes no integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from puffer_edge.errors import ProgramError
from puffer_edge.ir import Program
from puffer_edge.ir import ops as op_types
from puffer_edge.ir.op import Op
from puffer_edge.proofs import cells, layers
from puffer_edge.proofs.facts import Facts, Interval

MOVING: tuple[type[Op], ...] = (
    op_types.Concat, op_types.Expand, op_types.Gather, op_types.Mask, op_types.Pad,
    op_types.Reshape, op_types.Slice, op_types.Split, op_types.Transpose)
"""Ops that hand integers on as they are."""

PROOFS: dict[type[Op], Callable[[Any, Facts], None]] = {
    op_types.Quantize: layers.quantize, op_types.Rescale: layers.rescale,
    op_types.GemmInteger: layers.gemm, op_types.ConvInteger: layers.conv,
    op_types.Table: layers.table, op_types.BinaryInteger: layers.binary,
    op_types.MatMulInteger: layers.matmul, op_types.SoftmaxInteger: layers.softmax,
    op_types.OneHotInteger: layers.one_hot, op_types.Flags: layers.flags,
    op_types.L2NormalizationInteger: layers.l2_normalization,
    op_types.LayerNormalizationInteger: layers.layer_normalization,
    op_types.LSTMCellInteger: cells.lstm, op_types.GRUCellInteger: cells.gru,
    op_types.MinGRUCellInteger: cells.min_gru}


def prove(program: Program) -> None:
    """Shows that no integer intermediate, shift or index of any step leaves its range.

    Intermediates stay in [-2^30, 2^30 - 1], shifts in [0, 30], indices inside of their tables, and
    every value in what is declared for it, for every observation.

    Raises:
        ProgramError: that cannot be shown.
    """
    for op in program.ops:
        facts = Facts(program, op)
        axis = getattr(op, "axis", 0)
        facts.require(axis >= 0, "is negative", "the axis")
        if type(op) in PROOFS:
            PROOFS[type(op)](op, facts)
        elif any(_is_integer(program, name) for name in op.operands):
            facts.require(isinstance(op, MOVING), "takes no integers")
            _prove_moving(op, facts)
    for state in program.states:
        if _is_integer(program, state.input):
            facts = Facts(program, program.producers()[state.output])
            known = facts.of(state.input)
            first = Interval(int(state.initial.min()), int(state.initial.max()))
            facts.require(first.within(known) and facts.of(state.output).within(known),
                          "leaves what is declared", "a state")


def _prove_moving(op: Op, facts: Facts) -> None:
    for name in op.outputs:
        for source in op.operands[: 1 if isinstance(op, op_types.Mask) else None]:
            facts.require(facts.of(source).within(facts.of(name)), "leaves what is declared",
                          "an element")
        if isinstance(op, op_types.Pad):
            value = facts.of(name)
            facts.require(float(op.value).is_integer() and value.low <= op.value <= value.high,
                          "is no integer of the result", "the border")


def _is_integer(program: Program, name: str) -> bool:
    if name not in program.values:
        raise ProgramError("there is no such value", where=name)
    return bool(np.issubdtype(program.values[name].numpy_dtype, np.integer))
