# SPDX-License-Identifier: MIT
"""C for MinGRUCellInteger."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.ops.gemm_integer import SUFFIXES, suffix_of_copy
from puffer_edge.exporters.c.ops.gru_cell_integer import packed_units
from puffer_edge.exporters.c.packing import rounded_bias, units_of_four
from puffer_edge.ir.ops import MinGRUCellInteger


@emits(MinGRUCellInteger)
def min_gru_cell_integer(op: MinGRUCellInteger, context: Context) -> None:
    """One call; weights, biases and requantisations of four units at a time."""
    x, weight, qparams = context.value(op.x), context.weight(op.weight), op.quantization
    copied = context.copies(op)
    suffix = (suffix_of_copy(units_of_four(weight)[0]) if copied else
              SUFFIXES[x.dtype, str(weight.dtype)])
    kernel = f"min_gru_cell_{suffix}" + (
        "" if op.dtype == ("int16" if copied else x.dtype) else f"_to_s{op.dtype[3:]}")
    requantization = context.weight(op.requantization)
    rounded = rounded_bias(context.weight(op.bias), requantization)
    bias = context.constant(np.concatenate(units_of_four(rounded)), "int32_t", "bias")
    table = context.requantization(np.concatenate(units_of_four(requantization)))
    factor = context.learned(*context.weight(op.factor).tolist())
    source = context.widened(op, context.ref(op.x)) if copied else context.ref(op.x)
    context.use(kernel)
    context.line(
        "{\n"
        "    static const puffer_edge_min_gru_t cell = {\n"
        f"        {bias}, {table}, {context.constant(context.weight(op.table), role='tanh')}, "
        f"{factor},\n"
        f"        {context.single(op.output)}, "
        f"{x.size}, {context.learned(op.bits)}, {context.span(qparams)}}};\n"
        f"    puffer_edge_{kernel}({source}, {context.ref(op.h)}, "
        f"{context.constant(packed_units(weight, suffix), role='weight')},\n"
        f"        &cell, {context.out(op.y)}, {context.out(op.y_h)});\n}}")
