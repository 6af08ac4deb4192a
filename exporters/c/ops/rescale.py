# SPDX-License-Identifier: MIT
"""C for Rescale."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.context import C_TYPES, Context, emits
from puffer_edge.exporters.c.loops import nest
from puffer_edge.exporters.c.text import read
from puffer_edge.ir.ops import Rescale

RESCALE = np.dtype([("bias", "i4"), ("multiplier", "i2"), ("low", "i2"), ("high", "i2"),
                    ("shift", "u1"), ("zero", "u1")])
"""``puffer_edge_rescale_t`` of runtimes/c/rescale.h."""

IDENTITY = [1, 0, 0, -32768, 32767]
"""Factors that leave integers of up to 16 bits as they are."""


@emits(Rescale)
def rescale(op: Rescale, context: Context) -> None:
    """A loop over the features."""
    loop(op, context.weight(op.factors), context.value(op.y).size, context)


def loop(op: Rescale, factors: Array, size: int, context: Context) -> None:
    """The same with the factors at hand, [size, 5] or [1, 5]; these are one number each."""
    if factors.tolist() == [IDENTITY]:
        context.line(nest([size], f"({context.out(op.y)})[{{i}}] = ({context.ref(op.x)})[{{i}}];",
                          {"i": [1]}))
        return
    context.use("rescale")
    if len(factors) == 1:
        arguments = context.learned(*map(int, factors[0]))
    else:
        rows = [(bias, multiplier, low, high, shift, 0)
                for multiplier, bias, shift, low, high in factors.tolist()]
        name = context.table("puffer_edge_rescale_t", np.array(rows, RESCALE), "rescaling")
        fields = {"multiplier": "int16_t", "bias": "int32_t", "shift": "uint8_t",
                  "low": "int16_t", "high": "int16_t"}
        arguments = ",\n    ".join(read(ctype, f"&{name}[{{i}}].{field}")
                                  for field, ctype in fields.items())
    context.line(nest(
        [size],
        f"({context.out(op.y)})[{{i}}] = ({C_TYPES[op.dtype]})puffer_edge_rescale(\n"
        f"    ({context.ref(op.x)})[{{i}}], {arguments});", {"i": [1]}))
