"""Mask in integers: the flags of what may be taken, and logits as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir.ops import Flags, Mask
from puffer_edge.ir.ops.mask import lowest
from puffer_edge.quantization.rules.registry import rule

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer


@rule(Mask)
def mask(op: Mask, quantizer: Quantizer) -> None:
    """Scale and zero point stay; no logit that is allowed has the lowest integer."""
    if op.x not in quantizer.integers:
        raise UnsupportedError("logits that are no sum of products have no integers",
                               where=op.layer or op.x, hint="export it with --scheme float32")
    logits = quantizer.integers[op.x]
    if op.mask in quantizer.integers:  # it came in with an exact scale, see ``parts``
        flags = quantizer.integers[op.mask].name
    else:
        flags = f"{op.y}.flags"
        quantizer.add(Flags(x=op.mask, y=flags, layer=op.layer))
    quantizer.add(replace(op, x=logits.name, mask=flags))
    bottom = int(lowest(quantizer.dtype_of(logits.name))[0])
    quantizer.made(op.y, replace(logits.meaning, low=bottom))
