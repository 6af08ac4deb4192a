# SPDX-License-Identifier: MIT
"""MatMul of two activations, and with it sums and means, in integers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir.ops import MatMul, MatMulInteger, Reduce, Reshape
from puffer_edge.ir.requantization import choose
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.rule import rule
from puffer_edge.quantization.rules.binary import Named, operand, product
from puffer_edge.quantization.rules.rows import ones


@rule(MatMul)
def matmul(op: MatMul, emitter: Emitter) -> None:
    """Both operands around 0, with as many bits as the sum of their products leaves room for."""
    a, b = (operand(name, f"{op.y}.{side}", False, emitter)
            for side, name in (("a", op.a), ("b", op.b)))
    multiply(op, a, b, emitter.program.values[op.a].shape[-1], 1.0, op.y, emitter)


@rule(Reduce)
def reduce(op: Reduce, emitter: Emitter) -> None:
    """A sum is a product with ones, of which a mean is a part."""
    if op.function not in ("sum", "mean"):
        raise UnsupportedError(f"the op Reduce ({op.function}) cannot be computed in integers",
                               where=op.layer or op.y, hint="export it with --scheme float32")
    name, qparams = operand(op.x, f"{op.y}.x", False, emitter)
    outer, count, inner = op.blocks(emitter.program.values[op.x].shape)
    shape = (1, outer, count) if inner == 1 else (outer, count, inner)
    rows, made = f"{op.y}.rows", f"{op.y}.sums"
    emitter.add(Reshape(x=name, y=rows, shape=shape, layer=op.layer))
    one = ones((1, count, 1) if inner == 1 else (outer, 1, count), f"{op.y}.ones", emitter)
    pair = ((rows, qparams), one) if inner == 1 else (one, (rows, qparams))
    multiply(op, *pair, count, 1 / count if op.function == "mean" else 1.0, made, emitter)
    emitter.add(Reshape(x=made, y=op.y, shape=emitter.program.values[op.y].shape,
                          layer=op.layer))


def multiply(op: Any, a: Named, b: Named, count: int, factor: float, made: str,
             emitter: Emitter) -> None:
    """Adds ``factor * (a @ b)``, sums of ``count`` products, with ``op.y``'s qparams and storage.

    Raises:
        UnsupportedError: not even one bit of each factor fits.
    """
    (first, second), unit = product(a[1], b[1], count)
    bound = count * first.reach * second.reach
    qparams = emitter.ranges.qparams(op.y, op)
    # Outputs that were never anything but 0 say nothing of their range; the operands do.
    qparams = replace(qparams, scale=max(qparams.scale, bound * unit * factor / 2**28))
    emitter.add(MatMulInteger(
        a=a[0], b=b[0], y=made,
        factors=emitter.constant(np.array([first.row, second.row], np.int32), f"{made}.factors"),
        output=emitter.constant(np.array(choose(unit * factor / qparams.scale, bound), np.int32),
                                  f"{made}.output"),
        dtype=emitter.ranges.dtype(op.y), quantization=qparams, layer=op.layer))
    emitter.declare(op.y, qparams)
