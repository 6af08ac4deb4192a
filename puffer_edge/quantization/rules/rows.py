# SPDX-License-Identifier: MIT
"""What an op of rows makes in units of its own, in the unit and storage that its readers want."""

from __future__ import annotations

from typing import Any

import numpy as np

from puffer_edge.ir.value import Quantization
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.rules.binary import Named, combine

ONE = Quantization(1.0, 0, 0, 1)
"""Of a constant that is nothing but ones, so that a product with it keeps every bit."""


def ones(shape: tuple[int, ...], made: str, emitter: Emitter) -> Named:
    """Such a constant."""
    return emitter.constant(np.ones(shape, np.int16), made), ONE


def name_of(op: Any, emitter: Emitter) -> str:
    """Name under which the op must make its result with its own qparams, in 16 bits.

    Where the readers want 8 bits or fewer than 16, a product with 1 brings it there: call
    :func:`settle` once the op is added.
    """
    ranges = emitter.ranges
    if ranges.dtype(op.y) == "int16" and ranges.limits(op.y, op, "int16")[1] == 32767:
        return str(op.y)
    return f"{op.y}.own"


def settle(op: Any, made: str, own: Quantization, limits: tuple[float, float],
           emitter: Emitter) -> None:
    """Declares ``op.y``, which is made already or is made here.

    Args:
        op: of the float Program.
        made: what :func:`name_of` said.
        own: its qparams.
        limits: what no element can leave, in real units.
        emitter: of the Program.
    """
    emitter.declare(made, own)
    if made != op.y:
        combine("mul", (made, own), ones((1,), "one", emitter), op, op.y,
                emitter.ranges.qparams(op.y, op, limits), emitter.ranges.dtype(op.y), emitter)
