# SPDX-License-Identifier: MIT
"""Layer normalisation."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir.ops import LayerNormalization
from puffer_edge.verification.error_bound.pair import Pair, U, exact, gamma
from puffer_edge.verification.error_bound.rule import rule


@rule(LayerNormalization, signs=False)
def bound(op: LayerNormalization, x: Pair, scale: Pair, bias: Pair | None) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    width = int(np.prod(scale.v.shape))
    rows, d = x.v.reshape(-1, width), x.d.reshape(-1, width)
    g, size = scale.v.reshape(-1), x.size.reshape(-1, width)
    mean = Pair(rows.mean(-1, keepdims=True),
                (d + 2 * gamma(width + 1) * size).mean(-1, keepdims=True))
    centred = Pair(rows, d) - mean
    square = centred * centred
    variance = Pair(square.v.mean(-1, keepdims=True),
                    (square.d + 2 * gamma(width + 1) * square.size).mean(-1, keepdims=True))
    factor = (variance + exact(op.epsilon)).apply("sqrt").apply("reciprocal")
    y = centred * factor * Pair(g, scale.d.reshape(-1))
    # torch has x / s - mean / s, whose terms are larger than their difference.
    y = Pair(y.v, y.d + 4 * U * (size + mean.size) * factor.size * np.abs(g))
    if bias is not None:
        y = y + Pair(bias.v.reshape(-1), bias.d.reshape(-1))
    return (Pair(y.v.reshape(x.v.shape), y.d.reshape(x.v.shape)),)
