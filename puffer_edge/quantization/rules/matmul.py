"""MatMul of two activations, and with it sums and means, in integers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir.ops import MatMul, MatMulInteger, Reduce, Reshape
from puffer_edge.ir.requantization import choose
from puffer_edge.quantization.rules.binary import Named, operand, product
from puffer_edge.quantization.rules.registry import rule
from puffer_edge.quantization.rules.rows import ones

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer


@rule(MatMul)
def matmul(op: MatMul, quantizer: Quantizer) -> None:
    """Both operands around 0, with as many bits as the sum of their products leaves room for."""
    a, b = (operand(name, f"{op.y}.{side}", False, quantizer)
            for side, name in (("a", op.a), ("b", op.b)))
    multiply(op, a, b, quantizer.program.values[op.a].shape[-1], 1.0, op.y, quantizer)


@rule(Reduce)
def reduce(op: Reduce, quantizer: Quantizer) -> None:
    """A sum is a product with ones, of which a mean is a part."""
    if op.function not in ("sum", "mean"):
        raise UnsupportedError(f"the op Reduce ({op.function}) cannot be computed in integers",
                               where=op.layer or op.y, hint="export it with --scheme float32")
    name, meaning = operand(op.x, f"{op.y}.x", False, quantizer)
    outer, count, inner = op.blocks(quantizer.program.values[op.x].shape)
    shape = (1, outer, count) if inner == 1 else (outer, count, inner)
    rows, made = f"{op.y}.rows", f"{op.y}.sums"
    quantizer.add(Reshape(x=name, y=rows, shape=shape, layer=op.layer))
    one = ones((1, count, 1) if inner == 1 else (outer, 1, count), f"{op.y}.ones", quantizer)
    pair = ((rows, meaning), one) if inner == 1 else (one, (rows, meaning))
    multiply(op, *pair, count, 1 / count if op.function == "mean" else 1.0, made, quantizer)
    quantizer.add(Reshape(x=made, y=op.y, shape=quantizer.program.values[op.y].shape,
                          layer=op.layer))


def multiply(op: Any, a: Named, b: Named, count: int, factor: float, made: str,
             quantizer: Quantizer) -> None:
    """Adds ``factor * (a @ b)``, sums of ``count`` products, with ``op.y``'s meaning and storage.

    Raises:
        UnsupportedError: not even one bit of each factor fits.
    """
    (first, second), unit = product(a[1], b[1], count)
    bound = count * first.reach * second.reach
    meaning = quantizer.meaning(op.y, op)
    # Outputs that were never anything but 0 say nothing of their range; the operands do.
    meaning = replace(meaning, scale=max(meaning.scale, bound * unit * factor / 2**28))
    quantizer.add(MatMulInteger(
        a=a[0], b=b[0], y=made,
        factors=quantizer.constant(np.array([first.row, second.row], np.int32), f"{made}.factors"),
        output=quantizer.constant(np.array(choose(unit * factor / meaning.scale, bound), np.int32),
                                  f"{made}.output"),
        dtype=quantizer.dtype(op.y, op), quantization=meaning, layer=op.layer))
    quantizer.made(op.y, meaning)
