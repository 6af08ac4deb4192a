"""What an op of rows makes in units of its own, in the unit and storage that its readers want."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from puffer_edge.ir.value import Quantization
from puffer_edge.quantization.rules.binary import Named, combine

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer

ONE = Quantization(1.0, 0, 0, 1)
"""Of a constant that is nothing but ones, so that a product with it keeps every bit."""


def ones(shape: tuple[int, ...], made: str, quantizer: Quantizer) -> Named:
    """Such a constant."""
    return quantizer.constant(np.ones(shape, np.int16), made), ONE


def name_of(op: Any, quantizer: Quantizer) -> str:
    """Name under which the op must make its result with its own meaning, in 16 bits.

    Where the readers want 8 bits or fewer than 16, a product with 1 brings it there: call
    :func:`settle` once the op is added.
    """
    if quantizer.dtype(op.y, op) == "int16" and quantizer.limits(op.y, op, "int16")[1] == 32767:
        return str(op.y)
    return f"{op.y}.own"


def settle(op: Any, made: str, own: Quantization, limits: tuple[float, float],
           quantizer: Quantizer) -> None:
    """Declares ``op.y``, which is made already or is made here.

    Args:
        op: of the float Program.
        made: what :func:`name_of` said.
        own: its meaning.
        limits: what no element can leave, in real units.
        quantizer: of the Program.
    """
    quantizer.made(made, own)
    if made != op.y:
        combine("mul", (made, own), ones((1,), "one", quantizer), op, op.y,
                quantizer.meaning(op.y, op, limits), quantizer.dtype(op.y, op), quantizer)
