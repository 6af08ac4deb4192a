# SPDX-License-Identifier: MIT
"""A value and a bound on the difference of two implementations; arithmetic of such pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir.functions import FUNCTIONS

U = 2.0**-24
TINY = 2.0**-126  # what underflow can do
THEIRS = {"gelu": 32 * U}
MONOTONE = frozenset(name for name, known in FUNCTIONS.items() if known.monotone)


WHOLE = 2.0**24
"""Up to here float32 has every whole number."""
EXACT = frozenset(("abs", "ceil", "clip", "floor", "neg", "relu", "round"))
"""Functions that nobody rounds: their results are numbers that were there, or whole."""


def gamma(n: int) -> float:
    """Higham's gamma_n for float32."""
    return n * U / (1 - n * U)


@dataclass(frozen=True)
class Pair:
    """A value and the difference between both implementations' of it.

    Attributes:
        v: float64; our value, or one no further from it than the bound.
        d: float64, bound on the rest of the difference.
        g: float64 of v's shape and one more axis, the coefficients; None for none.
        origin: of each element, where it was computed; equal numbers are one and the same element,
            -1 is none's. None where nobody knows.
    """

    v: Array
    d: Array
    g: Array | None = None
    origin: Array | None = None

    @property
    def bound(self) -> Array:
        """At least ``|ours - theirs|``."""
        return self.d if self.g is None else self.d + np.abs(self.g).sum(-1)

    @property
    def size(self) -> Array:
        """At least the magnitude of both implementations' values."""
        size: Array = np.abs(self.v) + 2 * self.bound
        return size

    def boxed(self) -> Pair:
        """The same bound without coefficients."""
        return Pair(self.v, self.bound)

    def rounded(self, underflow: float = 2 * TINY) -> Pair:
        """After one rounding on either side, of what is not 0 or a whole number on both."""
        size = self.size
        known = (self.bound == 0) & (self.v == np.rint(self.v)) & (np.abs(self.v) <= WHOLE)
        local = 2 * gamma(1) * size + np.where(size > 0, underflow, 0)
        return replace(self, d=self.d + np.where(known, 0, local))

    def __add__(self, other: Pair) -> Pair:
        # A sum that is subnormal is exact.
        return Pair(self.v + other.v, self.d + other.d, _plus(self.g, other.g, 1.0)).rounded(0)

    def __sub__(self, other: Pair) -> Pair:
        with np.errstate(invalid="ignore"):  # infinity less itself
            found = Pair(self.v - other.v, self.d + other.d,
                         _plus(self.g, other.g, -1.0)).rounded(0)
        if self.origin is None or other.origin is None:
            return found
        # Whatever an element is: less itself it is 0, in any implementation.
        same = (self.origin == other.origin) & (self.origin >= 0) & np.isfinite(self.v)
        g = None if found.g is None else np.where(same[..., None], 0.0, found.g)
        return Pair(np.where(same, 0.0, found.v), np.where(same, 0.0, found.d), g)

    def __mul__(self, other: Pair) -> Pair:
        # The third term: both differences at once, and v not being quite our value, twice.
        d = (np.abs(self.v) * other.d + np.abs(other.v) * self.d + 3 * self.bound * other.bound)
        g = _plus(_times(other.g, self.v), _times(self.g, other.v), 1.0)
        return Pair(self.v * other.v, d, g).rounded()

    def __truediv__(self, other: Pair) -> Pair:
        quotient = self.v / other.v
        room = np.maximum(np.abs(other.v) - 2 * other.bound, TINY)
        return Pair(quotient, (self.bound + np.abs(quotient) * other.bound) / room).rounded()

    def apply(self, name: str, parameters: tuple[float, ...] = ()) -> Pair:
        """An elementwise function."""
        function, x, t = FUNCTIONS[name], self.v, self.bound
        parameters = tuple(float(np.float32(p)) for p in parameters)
        with np.errstate(all="ignore"):
            y, above, below = (function.exact(v, *parameters) for v in (x, x + t, x - t))
        if name in MONOTONE:
            # fmax: neither implementation gets below zero where sqrt(x - d) would be NaN.
            moved = np.fmax(np.abs(above - y), np.abs(below - y))
            if name not in EXACT:
                moved = moved + 1e-15 * np.abs(y)
        else:
            assert function.lipschitz is not None
            moved = function.lipschitz * t
        size = np.abs(y) + 2 * moved
        local = np.float64(0) if name in EXACT else self._rounding(name, parameters, size)
        if self.g is None or t.max() > 1e-3 or not np.isfinite([above, below]).all():
            return Pair(y, moved + local)
        # With the chord's slope s, h(D) = f(x + D) - f(x) - s D has h(t) = h(-t); where f is convex
        # or concave on the interval, |h| <= |h(t)|. An inflection inside adds less than 10 t^3.
        slope = (above - below) / (2 * t + TINY)
        missed = (np.abs(above - y - slope * t) + np.abs(y - below - slope * t) + 10 * t**3
                  + 1e-15 * (1 + np.abs(y)))
        return Pair(y, np.abs(slope) * self.d + missed + local, slope[..., None] * self.g)

    def _rounding(self, name: str, parameters: tuple[float, ...], size: Array) -> Array:
        """Of a function on both sides, whose results have this size at most."""
        function = FUNCTIONS[name]
        ours = max(1.0, *map(abs, parameters), 1.0) * function.abs_error + function.rel_error * size
        theirs = THEIRS.get(name, 4 * U) * (size + np.minimum(self.size, 1))
        return ours + theirs + 2 * TINY


def _plus(a: Array | None, b: Array | None, sign: float) -> Array | None:
    if a is None or b is None:
        return a if b is None else sign * b
    return a + sign * b


def _times(g: Array | None, factor: Array) -> Array | None:
    return None if g is None else g * factor[..., None]


def exact(array: Array | float) -> Pair:
    """What both implementations hold bit for bit."""
    v = np.asarray(array, np.float64)
    return Pair(v, np.zeros_like(v))


def linear(x: Pair, weight: Pair, start: Pair, roundings: int) -> Pair:
    """``start + x @ weight.T``; ``roundings`` on the way of a term, fewer where x has zeros."""
    w, size = np.abs(weight.v).T, x.size
    roundings = max(roundings - int((size == 0).sum(-1).min()), 1)
    g = None if x.g is None else np.moveaxis(np.moveaxis(x.g, -1, 0) @ weight.v.T, 0, -1)
    d = x.d @ w + size @ weight.bound.T + start.d + 2 * gamma(roundings) * (size @ w + start.size)
    return Pair(x.v @ weight.v.T + start.v, d, _plus(g, start.g, 1.0))


def parts(pair: Pair, count: int) -> list[Pair]:
    """A pair cut along the last axis."""
    width = pair.v.shape[-1] // count
    cuts = [slice(k * width, (k + 1) * width) for k in range(count)]
    return [Pair(pair.v[..., c], pair.d[..., c], None if pair.g is None else pair.g[..., c, :])
            for c in cuts]
