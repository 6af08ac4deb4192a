# SPDX-License-Identifier: MIT
"""Mask in integers: the flags of what may be taken, and logits as they are."""

from __future__ import annotations

from dataclasses import replace

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir.ops import Flags, Mask
from puffer_edge.ir.ops.mask import lowest
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.rule import rule


@rule(Mask, flags="mask")
def mask(op: Mask, emitter: Emitter) -> None:
    """Scale and zero point stay; no logit that is allowed has the lowest integer."""
    if op.x not in emitter.integers:
        raise UnsupportedError("logits that are no sum of products have no integers",
                               where=op.layer or op.x, hint="export it with --scheme float32")
    logits = emitter.integers[op.x]
    if op.mask in emitter.integers:  # it came in with an exact scale, see ``parts``
        flags = emitter.integers[op.mask].name
    else:
        flags = f"{op.y}.flags"
        emitter.add(Flags(x=op.mask, y=flags, layer=op.layer))
    emitter.add(replace(op, x=logits.name, mask=flags))
    bottom = int(lowest(emitter.dtype_of(logits.name))[0])
    emitter.declare(op.y, replace(logits.qparams, low=bottom))
