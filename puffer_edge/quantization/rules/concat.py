"""Concat in integers: parts of different scales get that of the whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from puffer_edge.ir.ops import Concat
from puffer_edge.quantization.rules.registry import rule

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer


@rule(Concat)
def concat(op: Concat, quantizer: Quantizer) -> None:
    """A part whose scale differs goes through a table; a float one is quantised."""
    meaning, dtype = quantizer.meaning(op.y, op), quantizer.dtype(op.y, op)
    parts = tuple(quantizer.converted(name, meaning, dtype, f"{op.y}.{i}", op.layer)
                  for i, name in enumerate(op.xs))
    quantizer.add(replace(op, xs=parts))
    quantizer.made(op.y, meaning)
