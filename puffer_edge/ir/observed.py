# SPDX-License-Identifier: MIT
"""Values that are a run of elements of the observation: they lie where the caller keeps it."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir.ops import Reshape, Slice
from puffer_edge.ir.program import Program


def parts_of_observation(program: Program) -> dict[str, int]:
    """Their names, with the index of the first element; the observation itself is one.

    They need no memory, but for those that outlive the step, which are copied.
    """
    found = {program.input: 0}
    for op in program.ops:
        if not isinstance(op, Reshape | Slice) or op.x not in found:
            continue
        x = program.values[op.x]
        (places,) = op.evaluate([np.arange(x.size).reshape(x.shape)])
        first = int(places.reshape(-1)[0])
        if np.array_equal(places.reshape(-1), first + np.arange(places.size)):
            found[op.y] = found[op.x] + first
    producers = program.producers()
    for result in program.results & found.keys():
        name = result
        while name in found and name != program.input:
            del found[name]
            (name,) = producers[name].operands
    return found
