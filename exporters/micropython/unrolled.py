# SPDX-License-Identifier: MIT
"""Tiny linear layers as straight-line Python: weights are literals, and nothing is looked up.

About twice as fast as loops, for some ten bytes more per weight
(``benchmarks/micropython_unrolled.py``).
"""

from __future__ import annotations

import textwrap

import numpy as np

from puffer_edge.exporters.micropython.context import Context
from puffer_edge.ir.ops import GemmInteger
from puffer_edge.ir.value import Quantization

LARGEST = 256
"""Weights of a layer that is written out, at most: 2 to 3 KB of bytecode."""

ALL = 512
"""Weights of all layers that are, at most, as a board without .mpy files compiles policy.py."""

WIDEST = 64
"""Columns of such a layer, at most: each is a local variable."""


def fits(op: GemmInteger, context: Context) -> bool:
    """Whether a layer is to be written out; those come first that run first."""
    weight, x = context.constant(op.weight), context.value(op.x)
    return (context.kernels.grade == "unrolled" and weight.size <= LARGEST
            and context.unrolled + weight.size <= ALL and weight.shape[1] <= WIDEST
            and x.size == weight.shape[1] and x.quantization is not None)


def function(name: str, op: GemmInteger, context: Context) -> str:
    """A function like the runtime's ``gemm_integer``, for one layer.

    The range proof bounds the sum of all magnitudes in a row, and so every product and every part
    of the sum; what is declared of x lets `puffer-edge check` prove it once more.

    Args:
        name: of the function.
        op: that is written out.
        context: counts its weights.
    """
    weight, x = context.constant(op.weight), context.value(op.x).quantization
    assert x is not None
    context.unrolled += weight.size
    lines = [f"x{k} = x[{k}]" for k in np.flatnonzero(weight.any(axis=0))]
    rows = zip(weight.tolist(), context.constant(op.bias).tolist(),
               context.constant(op.requantization).tolist(), strict=True)
    for r, (row, bias, factors) in enumerate(rows):
        lines += _row(f"y[{r}]", row, bias, factors, x, op.quantization)
    return (f"# range: x[...] in [{x.low}, {x.high}]\n"
            f"def {name}(x, y):\n"
            "    # puffer-edge: no-alloc\n"
            "    def step():\n"
            + textwrap.indent("\n".join(lines), " " * 8) + "\n\n    return step\n")


def _row(y: str, weight: list[int], bias: int, factors: list[int], x: Quantization,
         qparams: Quantization) -> list[str]:
    """One output: the sum, the requantisation, and the bounds that a result can reach."""
    multiplier, pre_shift, shift = factors
    start = bias + (1 << pre_shift >> 1)  # the first rounding is a part of the bias
    text = f"{start}{''.join(_term(w, f'x{k}') for k, w in enumerate(weight))}"
    if pre_shift:
        text += f" >> {pre_shift}"
    text = f"({text}) * {multiplier} + {1 << shift >> 1} >> {shift}"
    if qparams.zero_point:
        text = f"({text}) {'-' if qparams.zero_point < 0 else '+'} {abs(qparams.zero_point)}"
    ends = [start + sum(w * (high if w > 0 else low) for w in weight)
            for low, high in ((x.high, x.low), (x.low, x.high))]
    least, most = (((end >> pre_shift) * multiplier + (1 << shift >> 1) >> shift)
                   + qparams.zero_point for end in ends)
    bounded = f"{qparams.low} if v < {qparams.low} else " if least < qparams.low else ""
    bounded += f"{qparams.high} if v > {qparams.high} else " if most > qparams.high else ""
    return [*textwrap.wrap(f"v = ({text})", 92, subsequent_indent=" " * 5), f"{y} = {bounded}v"]


def _term(weight: int, x: str) -> str:
    """What a weight adds to a sum; one of zero adds nothing."""
    factor = "" if abs(weight) == 1 else f"{abs(weight)} * "
    return f" {'-' if weight < 0 else '+'} {factor}{x}" if weight else ""
