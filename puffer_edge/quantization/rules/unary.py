"""Elementwise functions in integers: tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.ops import Table, Unary
from puffer_edge.quantization.rules.registry import rule

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer


@rule(Unary)
def unary(op: Unary, quantizer: Quantizer) -> None:
    """256 entries where the input has 8 bits, else up to 257 with straight lines between."""
    before = quantizer.integers[op.x].meaning
    span = before.high - before.low + 1
    bits = max(0, (span - 1).bit_length() - 8)
    count = ((span - 1) >> bits) + 2 if bits else span
    integers = before.low + (np.arange(count, dtype=np.float64) * (1 << bits))
    real = (integers - before.zero_point) * before.scale
    exact = FUNCTIONS[op.function.function].exact(real, *op.function.parameters)
    # What the function gives for any input: no bit is spent beyond 1 for tanh.
    meaning = quantizer.meaning(op.y, op, (min(exact.min(), 0), max(exact.max(), 0)))
    table = np.floor(exact / meaning.scale + 0.5) + meaning.zero_point
    table = np.clip(table, meaning.low, meaning.high).astype(np.int16)
    quantizer.add(Table(
        x=quantizer.integers[op.x].name, table=quantizer.constant(table, f"{op.y}.table"), y=op.y,
        low=before.low, bits=bits, dtype=quantizer.dtype(op.y, op), quantization=meaning,
        layer=op.layer))
    quantizer.made(op.y, meaning)
