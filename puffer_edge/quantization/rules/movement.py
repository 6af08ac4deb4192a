# SPDX-License-Identifier: MIT
"""Ops that only move elements, in integers: the same numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from puffer_edge.ir.ops import Expand, Gather, Pad, Reshape, Slice, Split, Transpose
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.rule import Movement, rule


@rule(Expand, movement=Movement.SELECT)
@rule(Gather, movement=Movement.SELECT)
@rule(Reshape, movement=Movement.RESHAPE)
@rule(Slice, movement=Movement.SELECT)
@rule(Split, movement=Movement.SELECT)
@rule(Transpose, movement=Movement.REORDER)
def move(op: Any, emitter: Emitter) -> None:
    """Scale and zero point stay."""
    x = emitter.integers[op.x]
    emitter.add(replace(op, x=x.name))
    for name in op.outputs:
        emitter.declare(name, x.qparams)


@rule(Pad, movement=Movement.FILL)
def pad(op: Pad, emitter: Emitter) -> None:
    """The filler as an integer, within the range."""
    qparams = emitter.integers[op.x].qparams
    filler = round(op.value / qparams.scale) + qparams.zero_point
    move(replace(op, value=float(min(max(filler, qparams.low), qparams.high))), emitter)
