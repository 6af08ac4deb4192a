# SPDX-License-Identifier: MIT
"""C for GRUCellInteger."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.ops.gemm_integer import SUFFIXES, suffix_of_copy
from puffer_edge.exporters.c.packing import blocks_of_groups, rounded_bias, units_of_four
from puffer_edge.ir.ops import GRUCellInteger


@emits(GRUCellInteger)
def gru_cell_integer(op: GRUCellInteger, context: Context) -> None:
    """One call; weights, biases and requantisations of four units at a time."""
    weight, recurrent = context.weight(op.weight), context.weight(op.recurrent)
    copied = context.copies(op)
    suffixes = [suffix_of_copy(units_of_four(weight)[0]) if name == op.x and copied else
                SUFFIXES[context.value(name).dtype, str(weight.dtype)] for name in (op.x, op.h)]
    kernel = f"gru_cell_{'_'.join(dict.fromkeys(suffixes))}"
    packed = [context.constant(packed_units(matrix, suffix), role=role)
              for matrix, suffix, role in zip(
                  (weight, recurrent), suffixes, ("weight", "recurrent weight"), strict=True)]
    bias, tables = [], []
    for sums, name in ((op.bias, op.requantization),
                       (op.recurrent_bias, op.recurrent_requantization)):
        requantization = context.weight(name)
        rounded = rounded_bias(context.weight(sums), requantization)
        bias.append(context.constant(np.concatenate(units_of_four(rounded)), "int32_t", "bias"))
        tables.append(context.requantization(np.concatenate(units_of_four(requantization))))
    qparams = op.quantization
    x = context.widened(op, context.ref(op.x)) if copied else context.ref(op.x)
    context.use(kernel)
    context.line(
        "{\n"
        "    static const puffer_edge_gru_t cell = {\n"
        f"        {bias[0]}, {bias[1]}, {tables[0]}, {tables[1]},\n"
        f"        {context.constant(context.weight(op.table), role='tanh')}, "
        f"{context.single(op.output)},\n"
        f"        {weight.shape[1]}, {recurrent.shape[1]}, {context.learned(op.reset_bits)}, "
        f"{context.span(qparams)}}};\n"
        f"    puffer_edge_{kernel}({x}, {context.ref(op.h)}, "
        f"{context.ref(op.memory)}, {packed[0]},\n"
        f"        {packed[1]}, &cell, {context.out(op.y)}, {context.out(op.y_memory)});\n}}")


def packed_units(weight: Array, suffix: str) -> Array:
    """[3H, K] as ``gru_cell_<types>`` wants it, flat: the rows of the last units one by one."""
    blocks, rest = units_of_four(weight)
    return np.concatenate([blocks_of_groups(blocks, suffix),
                           *(blocks_of_groups(row[None], suffix) for row in rest)])
