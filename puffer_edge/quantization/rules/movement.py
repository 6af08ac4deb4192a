"""Ops that only move elements, in integers: the same numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from puffer_edge.ir.ops import Expand, Gather, Pad, Reshape, Slice, Split, Transpose
from puffer_edge.quantization.rules.registry import rule

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer


@rule(Expand, moves=True)
@rule(Gather, moves=True)
@rule(Reshape, moves=True)
@rule(Slice, moves=True)
@rule(Split, moves=True)
@rule(Transpose, moves=True)
def move(op: Any, quantizer: Quantizer) -> None:
    """Scale and zero point stay."""
    x = quantizer.integers[op.x]
    quantizer.add(replace(op, x=x.name))
    for name in op.outputs:
        quantizer.made(name, x.meaning)


@rule(Pad, moves=True)
def pad(op: Pad, quantizer: Quantizer) -> None:
    """The filler as an integer, within the range."""
    meaning = quantizer.integers[op.x].meaning
    filler = round(op.value / meaning.scale) + meaning.zero_point
    move(replace(op, value=float(min(max(filler, meaning.low), meaning.high))), quantizer)
