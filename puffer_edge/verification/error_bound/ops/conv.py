# SPDX-License-Identifier: MIT
"""A convolution: the same products, summed in float32 by the op itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir.ops import Conv
from puffer_edge.verification.error_bound.pair import Pair, gamma
from puffer_edge.verification.error_bound.rule import rule


@rule(Conv, signs=False)
def bound(op: Conv, x: Pair, weight: Pair, bias: Pair | None) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    plain, w = replace(op, activation=None), np.abs(weight.v)

    def run(a: Array, b: Array, c: Array | None) -> Array:
        operands = [v if v is None else v.astype(np.float32) for v in (a, b, c)]
        return plain.evaluate(operands)[0].astype(np.float64)

    n = int(np.prod(w.shape[1:])) + 1
    size = run(x.size, w, None if bias is None else np.abs(bias.v))
    d = run(x.d, w, None if bias is None else bias.d) + run(x.size, weight.d, None)
    # The bound itself is summed in float32 here.
    return (Pair(run(x.v, weight.v, None if bias is None else bias.v),
                 (d + 2 * gamma(n) * size) * (1 + 4 * gamma(n))),)
