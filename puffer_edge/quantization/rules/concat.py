"""Concat in integers: parts keep their scales for a matrix, or get that of the whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from puffer_edge.ir.ops import Concat
from puffer_edge.quantization.rules.registry import rule

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer


@rule(Concat)
def concat(op: Concat, quantizer: Quantizer) -> None:
    """A part whose scale differs goes through a table; a float one is quantised.

    What only matrices read has every part's scale in their columns.
    """
    if op.y in quantizer.columns:
        quantizer.add(replace(op, xs=tuple(quantizer.integers[name].name for name in op.xs)))
        quantizer.joined(op)
        return
    meaning, dtype = quantizer.meaning(op.y, op), quantizer.dtype(op.y, op)
    parts = tuple(quantizer.converted(name, meaning, dtype, f"{op.y}.{i}", op.layer)
                  for i, name in enumerate(op.xs))
    quantizer.add(replace(op, xs=parts))
    quantizer.made(op.y, meaning)
