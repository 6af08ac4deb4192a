# SPDX-License-Identifier: MIT
"""Where an elementwise function no longer changes: what lies beyond needs no integers.

One unit with large inputs to a tanh would otherwise cost all units of its layer their resolution,
as they share a scale.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from puffer_edge.ir import Activation, Op, Program
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.quantization.rule import rule_of

TOLERANCE = 2.0**-15
"""How near to its limit a function is flat, relative to that limit (to 1 where it is 0): half a
step of 16 bits, finer than what any layer reads."""

_MAGNITUDES = np.concatenate([[0.0], 2.0 ** np.arange(-20, 64, 1 / 32)])
_NOWHERE = (-np.inf, np.inf)


@cache
def flat_beyond(function: Activation) -> tuple[float, float]:
    """The numbers below and above which a function is flat; infinite where it never is.

    tanh is so beyond 5.6, sigmoid beyond 10.5, a clip beyond its bounds, ReLU below 0.
    """
    exact = FUNCTIONS[function.function].exact
    sides = []
    with np.errstate(all="ignore"):
        values = [np.asarray(exact(sign * _MAGNITUDES, *function.parameters), np.float64)
                  for sign in (-1.0, 1.0)]
        ends = [abs(float(found[-1])) for found in values]
        unit = min((end for end in ends if 1e-12 < end < _MAGNITUDES[-1] / 2), default=1.0)
        for sign, found in zip((-1.0, 1.0), values, strict=True):
            far = ~(np.abs(found - found[-1]) <= TOLERANCE * unit)
            # One step further, so that a table ends with entries that are alike.
            first = int(far.nonzero()[0][-1]) + 2 if far.any() else 0
            flat = first < len(found) - 32  # for at least a doubling
            sides.append(sign * (float(_MAGNITUDES[first]) if flat else np.inf))
    return sides[0], sides[1]


def useful_range(program: Program, name: str, readers: dict[str, list[Op]]) -> tuple[float, float]:
    """The numbers of a value that make a difference: where all that reads it is flat beyond."""
    if name in program.results or name not in readers:
        return _NOWHERE
    ranges = []
    for op in readers[name]:
        function = rule_of(op).function(op)
        if function is not None:
            ranges.append(flat_beyond(function))
        elif rule_of(op).movement:
            ranges += [useful_range(program, made, readers) for made in op.outputs]
        else:
            return _NOWHERE
    return min(low for low, _ in ranges), max(high for _, high in ranges)
