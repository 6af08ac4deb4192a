"""OneHot in integers: of a category that came in as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Quantization
from puffer_edge.ir.ops import OneHot, OneHotInteger
from puffer_edge.quantization.rules.registry import rule

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer


@rule(OneHot)
def one_hot(op: OneHot, quantizer: Quantizer) -> None:
    """1 is the largest integer that the readers allow."""
    source = quantizer.integers[op.x]
    if source.size.size != 1 or source.meaning.scale != 1 or source.meaning.zero_point:
        raise UnsupportedError("OneHot of a computed number cannot be computed in integers",
                               where=op.layer or op.y, hint="export it with --scheme float32")
    dtype = quantizer.dtype(op.y, op)
    _, high = quantizer.limits(op.y, op, dtype)
    meaning = Quantization(1 / high, 0, 0, high)
    quantizer.add(OneHotInteger(x=source.name, y=op.y, classes=op.classes, dtype=dtype,
                                quantization=meaning, layer=op.layer))
    quantizer.made(op.y, meaning)
