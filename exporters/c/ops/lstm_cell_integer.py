"""C for LSTMCellInteger."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.ops.gemm_integer import SUFFIXES
from puffer_edge.exporters.c.packing import gates_of_units
from puffer_edge.ir.ops import LSTMCellInteger


@emits(LSTMCellInteger)
def lstm_cell_integer(op: LSTMCellInteger, context: Context) -> None:
    """One call; weights, biases and requantisations interleaved per unit."""
    weight, recurrent = context.weight(op.weight), context.weight(op.recurrent)
    suffix = SUFFIXES[context.value(op.x).dtype, str(weight.dtype)]
    packed = [context.constant(gates_of_units(matrix)) for matrix in (weight, recurrent)]
    bias = [context.constant(gates_of_units(context.weight(name).reshape(-1, 1)))
            for name in (op.bias, op.recurrent_bias)]
    tables = [context.requantization(context.weight(name).reshape(4, -1, 3).transpose(1, 0, 2))
              for name in (op.requantization, op.recurrent_requantization)]
    output = ", ".join(str(int(number)) for number in context.weight(op.output))
    meaning = op.quantization
    context.use(f"lstm_cell_{suffix}")
    context.line(
        "{\n"
        "    static const puffer_edge_lstm_t cell = {\n"
        f"        {bias[0]}, {bias[1]}, {tables[0]}, {tables[1]},\n"
        f"        {context.constant(context.weight(op.table))}, {{{output}}},\n"
        f"        {weight.shape[1]}, {recurrent.shape[1]}, {op.cell_bits}, "
        f"{meaning.zero_point}, {meaning.low}, {meaning.high}}};\n"
        f"    lstm_cell_{suffix}({context.ref(op.x)}, {context.ref(op.h)}, "
        f"{context.ref(op.c)}, {packed[0]},\n"
        f"        {packed[1]}, &cell, {context.out(op.y_h)}, {context.out(op.y_c)});\n}}")
