"""Reshape in integers: the same numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from puffer_edge.ir.ops import Reshape
from puffer_edge.quantization.rules.registry import rule

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer


@rule(Reshape, moves=True)
def reshape(op: Reshape, quantizer: Quantizer) -> None:
    """Scale and zero point stay."""
    x = quantizer.integers[op.x]
    quantizer.add(replace(op, x=x.name))
    quantizer.made(op.y, x.meaning)
