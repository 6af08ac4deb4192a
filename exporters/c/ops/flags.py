# SPDX-License-Identifier: MIT
"""C for Flags, and for whether a mask leaves a choice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.loops import moved, nest
from puffer_edge.exporters.c.text import number
from puffer_edge.ir import ActionMask
from puffer_edge.ir.ops import Flags

SUFFIXES = {"float32": "f32", "int8": "s8", "int16": "s16"}


@emits(Flags)
def flags(op: Flags, context: Context) -> None:
    """A loop of comparisons."""
    loop(op, context.value(op.x).dtype, context)


def loop(op: Flags, dtype: str, context: Context) -> None:
    """The same for an observation of that dtype."""
    limit = _limit(op.limits, dtype, context)
    context.line(nest(
        [context.value(op.y).size],
        f"({context.out(op.y)})[{{i}}] = ({context.ref(op.x)})[{{i}}] >= {limit};", {"i": [1]}))


def choice_left(mask: ActionMask, dtype: str, context: Context, otherwise: str) -> list[str]:
    """Statements that look at the mask in the observation ``x``, and leave where a head has none.

    Counted in a function, as compilers stop early where they may, which takes a time that depends
    on the data.

    Args:
        mask: what to look at.
        dtype: of the observation.
        context: of the policy.
        otherwise: the statement.
    """
    kernel = f"at_least_{SUFFIXES[dtype]}"
    context.use(kernel)
    tests, start = [], 0
    for size in mask.sizes:
        limits = ""
        if dtype != "float32":
            numbers = [int(np.ceil(n)) for n in mask.limits[start : start + size]]
            alike = len(set(numbers)) == 1
            array = np.array(numbers[:1] if alike else numbers, np.int32)
            limits = f"{context.constant(array, role='limits')}, {int(not alike)}, "
        none = size if mask.forbids else 0
        part = moved("x", mask.start + start)
        tests.append(f"puffer_edge_{kernel}({part}, {limits}{size}) == {none}")
        start += size
    return ["if (" + " || ".join(tests) + ") {", f"    {otherwise}", "}"]


def _limit(limits: Sequence[float], dtype: str, context: Context) -> str:
    """A number, or an array's element ``i``."""
    if dtype != "float32":
        limits = [int(np.ceil(limit)) for limit in limits]
    if len(set(limits)) == 1:
        return number(limits[0]) if dtype == "float32" else str(limits[0])
    array = np.array(limits, np.float32 if dtype == "float32" else np.int32)
    return context.element(array, "{i}", "limits")
