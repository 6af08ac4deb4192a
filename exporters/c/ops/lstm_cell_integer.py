# SPDX-License-Identifier: MIT
"""C for LSTMCellInteger."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.ops.gemm_integer import SUFFIXES, suffix_of_copy
from puffer_edge.exporters.c.packing import blocks_of_groups, rounded_bias, units_first
from puffer_edge.ir.ops import LSTMCellInteger


@emits(LSTMCellInteger)
def lstm_cell_integer(op: LSTMCellInteger, context: Context) -> None:
    """One call; weights, biases and requantisations interleaved per unit."""
    weight, recurrent = context.weight(op.weight), context.weight(op.recurrent)
    copied = context.copies(op)
    suffixes = [suffix_of_copy(units_first(weight)) if name == op.x and copied else
                SUFFIXES[context.value(name).dtype, str(weight.dtype)] for name in (op.x, op.h)]
    kernel = f"lstm_cell_{'_'.join(dict.fromkeys(suffixes))}"
    packed = [context.constant(blocks_of_groups(units_first(matrix), suffix), role=role)
              for matrix, suffix, role in zip(
                  (weight, recurrent), suffixes, ("weight", "recurrent weight"), strict=True)]
    bias, tables = [], []
    for sums, name in ((op.bias, op.requantization),
                       (op.recurrent_bias, op.recurrent_requantization)):
        requantization = context.weight(name)
        rounded = rounded_bias(context.weight(sums), requantization)
        blocks = units_first(rounded).reshape(-1, 4)
        if sums == op.recurrent_bias and (blocks == blocks[0]).all():  # nothing but that rounding
            blocks = blocks[:1]
        bias.append(context.constant(blocks.reshape(-1), "int32_t", "bias"))
        tables.append(context.requantization(units_first(requantization)))
    qparams = op.quantization
    x = context.widened(op, context.ref(op.x)) if copied else context.ref(op.x)
    context.use(kernel)
    context.line(
        "{\n"
        "    static const puffer_edge_lstm_t cell = {\n"
        f"        {bias[0]}, {bias[1]}, {tables[0]}, {tables[1]},\n"
        f"        {context.constant(context.weight(op.table), role='tanh')}, "
        f"{context.single(op.output)},\n"
        f"        {0 if len(blocks) == 1 else 4}, {weight.shape[1]}, {recurrent.shape[1]}, "
        f"{context.learned(op.cell_bits)}, {context.span(qparams)}}};\n"
        f"    puffer_edge_{kernel}({x}, {context.ref(op.h)}, "
        f"{context.ref(op.c)}, {packed[0]},\n"
        f"        {packed[1]}, &cell, {context.out(op.y_h)}, {context.out(op.y_c)});\n}}")
