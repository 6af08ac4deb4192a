# SPDX-License-Identifier: MIT
"""What a float value is while it is followed: in integers already, half rounded, or held back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Program, Quantization
from puffer_edge.ir.ops import Conv, Gemm
from puffer_edge.quantization.linear import table_points

Function = Callable[[Array], Array]

EVERYTHING = (-np.inf, np.inf)


@dataclass(frozen=True)
class Integer:
    """A value that stands in integers.

    Attributes:
        name: of these.
        qparams: what they stand for.
    """

    name: str
    qparams: Quantization


@dataclass(frozen=True)
class Whole:
    """``integer - offset`` as a float: between rounding and the multiplication with the scale."""

    integer: Integer
    offset: float


@dataclass(frozen=True)
class Layer:
    """What a linear layer gives, not rounded yet; cut off at the limits."""

    op: Gemm | Conv
    x: Integer
    bias: Array
    limits: tuple[float, float] = EVERYTHING


@dataclass(frozen=True)
class Mapped:
    """A function of each element."""

    x: Integer
    function: Function

    def then(self, function: Function) -> Mapped:
        """Another function of what this one gives."""
        before = self.function
        return Mapped(self.x, lambda real: function(before(real)))


@dataclass(frozen=True)
class Pair:
    """Arithmetic of two values: add, sub, mul, min, max."""

    function: str
    a: Integer
    b: Integer
    layer: str


@dataclass(frozen=True)
class Joined:
    """Parts one after another, which may have scales of their own."""

    parts: tuple[Integer, ...]
    axis: int


@dataclass(frozen=True)
class Moved:
    """The elements of something in another order or shape."""

    source: Held
    op: Any


@dataclass(frozen=True)
class Rounded:
    """``round(source / scale) + zero``; a source that is a name is a float value.

    Attributes:
        source: what is rounded.
        scale: of the integers.
        zero: their zero point, as far as it has been added.
        whole: it is rounded already.
    """

    source: Held | Integer | str
    scale: float
    zero: float = 0.0
    whole: bool = False


Held: TypeAlias = "Layer | Mapped | Pair | Joined | Moved"
Form: TypeAlias = "Held | Integer | Whole | Rounded"


def same(real: Array) -> Array:
    """The function of what only gets another scale."""
    return real


def ends(qparams: Quantization) -> tuple[float, float]:
    """Least and greatest real number that integers stand for."""
    return ((qparams.low - qparams.zero_point) * qparams.scale,
            (qparams.high - qparams.zero_point) * qparams.scale)


def reach(form: Held, program: Program) -> tuple[float, float]:
    """Least and greatest real number of something that is held back."""
    if isinstance(form, Moved):
        return reach(form.source, program)
    if isinstance(form, Mapped):
        real = form.function(table_points(form.x.qparams)[0])
        return float(real.min()), float(real.max())
    if isinstance(form, Joined):
        pairs = [ends(part.qparams) for part in form.parts]
        return min(low for low, _ in pairs), max(high for _, high in pairs)
    if isinstance(form, Pair):
        return _of_pair(form.function, ends(form.a.qparams), ends(form.b.qparams))
    weight = program.constants[form.op.weight].astype(np.float64).reshape(len(form.bias), -1)
    largest = max(map(abs, ends(form.x.qparams)))
    top = float((np.abs(weight).sum(1) * largest + np.abs(form.bias)).max())
    low, high = np.clip((-top, top), *form.limits)
    return float(low), float(high)


def _of_pair(function: str, a: tuple[float, float], b: tuple[float, float]
             ) -> tuple[float, float]:
    arithmetic: dict[str, Callable[[float, float], float]] = {
        "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
        "min": min, "max": max}
    corners = [arithmetic[function](x, y) for x in a for y in b]
    return min(corners), max(corners)
