# SPDX-License-Identifier: MIT
"""A softmax."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.ops import Softmax
from puffer_edge.verification.error_bound.pair import TINY, Pair, U, gamma
from puffer_edge.verification.error_bound.rule import rule


@rule(Softmax, signs=False)
def bound(op: Softmax, x: Pair) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    axis = op.axis
    centred = x.v - x.v.max(axis, keepdims=True)
    powers = np.exp(centred)
    y = powers / powers.sum(axis, keepdims=True)
    # Relative: of each power by its argument and its function, of the sum by its worst power.
    argument = 2 * x.d.max(axis, keepdims=True) + 2 * U * np.abs(centred)
    power = np.expm1(argument) + FUNCTIONS["exp"].rel_error + 8 * U
    whole = power + power.max(axis, keepdims=True) + 2 * gamma(x.v.shape[axis] + 2)
    return (Pair(y, y * whole * 1.001 + FUNCTIONS["exp"].abs_error + TINY),)
