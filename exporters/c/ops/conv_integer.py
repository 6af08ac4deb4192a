# SPDX-License-Identifier: MIT
"""C for ConvInteger."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.ops.conv import sizes
from puffer_edge.exporters.c.ops.gemm_integer import SUFFIXES
from puffer_edge.exporters.c.packing import blocks_of_groups, can_pair, rounded_bias
from puffer_edge.ir.ops import ConvInteger


@emits(ConvInteger)
def conv_integer(op: ConvInteger, context: Context) -> None:
    """One call; a 1-D convolution is a 2-D one of height 1."""
    x, y = context.value(op.x), context.value(op.y)
    weight = context.weight(op.weight)
    groups = weight.reshape(op.group, weight.shape[0] // op.group, -1)
    suffix = SUFFIXES[x.dtype, str(weight.dtype)]
    patch = "s16" if weight.dtype == np.int16 else "s8x16"  # what the kernel multiplies with
    if context.dsp and suffix == "s8" and len(groups[0]) >= 4 and all(map(can_pair, groups)):
        suffix = patch = "pairs"
    kernel = f"conv_{suffix}" if y.dtype == x.dtype else f"conv_{suffix}_to_s{y.dtype[3:]}"
    packed = context.constant(np.concatenate([aligned(rows, patch) for rows in groups]),
                              role=f"weight {'x'.join(map(str, weight.shape))}")
    requantization = context.weight(op.requantization)
    bias = context.constant(rounded_bias(context.weight(op.bias), requantization), "int32_t",
                            "bias")
    q, qparams = context.requantization(requantization), op.quantization
    context.use(kernel)
    members = ", ".join(map(str, sizes(op, x, y, weight.shape)))
    context.line(
        f"{{\n    static const puffer_edge_conv_t sizes = {{{members}}};\n"
        f"    puffer_edge_{kernel}({context.ref(op.x)}, {packed}, {bias}, {q}, "
        f"{context.scratch('int16')}, {context.out(op.y)},\n"
        f"        &sizes, {context.learned(op.padding)}, {context.span(qparams)});\n}}")


def aligned(rows: Array, patch: str) -> Array:
    """The rows of a group, packed; those of the next begin at a word where it has blocks."""
    flat = blocks_of_groups(rows, patch)
    return np.pad(flat, (0, -flat.size % 4)) if len(rows) >= 4 else flat
