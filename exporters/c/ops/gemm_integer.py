# SPDX-License-Identifier: MIT
"""C for GemmInteger."""

from __future__ import annotations

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.packing import blocks_of_groups, can_pair, rounded_bias
from puffer_edge.ir.ops import GemmInteger

SUFFIXES = {("int8", "int8"): "s8", ("int16", "int8"): "s8x16", ("int16", "int16"): "s16"}
"""Kernel suffix by dtype of activations and weights."""


def suffix_of_copy(weight: Array) -> str:
    """The same for activations of 8 bits that are copied to 16, and rows in the kernel's order."""
    return "pairs" if can_pair(weight) else "s8x16"


@emits(GemmInteger)
def gemm_integer(op: GemmInteger, context: Context) -> None:
    """One call per row of x."""
    x, y = context.value(op.x), context.value(op.y)
    weight = context.weight(op.weight)
    copied = context.copies(op)
    suffix = suffix_of_copy(weight) if copied else SUFFIXES[x.dtype, str(weight.dtype)]
    rows, (n, k), qparams = x.size // weight.shape[1], weight.shape, op.quantization
    taken = "int16" if copied else x.dtype
    kernel = f"gemm_{suffix}" if y.dtype == taken else f"gemm_{suffix}_to_s{y.dtype[3:]}"
    context.use(kernel)
    packed = context.constant(blocks_of_groups(weight, suffix), role=f"weight {n}x{k}")
    requantization = context.weight(op.requantization)
    bias = context.constant(rounded_bias(context.weight(op.bias), requantization), "int32_t",
                            "bias")
    q = context.requantization(requantization)
    for row in range(rows):
        source, target = (f"({ref})" if row else ref
                          for ref in (context.ref(op.x), context.out(op.y)))
        offsets = (f" + {row * k}", f" + {row * n}") if row else ("", "")
        source = context.widened(op, source + offsets[0]) if copied else source + offsets[0]
        context.line(f"puffer_edge_{kernel}({source}, {packed}, {bias}, {q}, "
                     f"{target}{offsets[1]}, {k}, {n}, {context.span(qparams)});")
    assert y.size == rows * n
