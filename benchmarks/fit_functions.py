# SPDX-License-Identifier: MIT
"""Fits the constants of the float32 functions in runtimes/c and puffer_edge/ir/functions.

    python benchmarks/fit_functions.py [name ...]

Each function is first approximated in float64, minimax, by Lawson's iteration (weighted least
squares whose weights grow where the error is large). Then the coefficients are rounded to float32
and moved by a few units in the last place, with the fixed seed below, as long as the error of the
*float32 evaluation* shrinks: rounding errors are as large as those of the approximation. Running it
again prints the same constants.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import numpy as np

from puffer_edge.arrays import Array32, Array64
from puffer_edge.ir.functions.hyperbolic import tanh_f32

Function = Callable[[Array64], Array64]
F = np.float32

erf = np.vectorize(math.erf, otypes=[float])
erfc = np.vectorize(math.erfc, otypes=[float])


def minimax(target: Function, weight: Function, low: float, high: float, p: int, q: int) -> Array64:
    """Coefficients of the rational P/Q in t that minimises max ``weight * |P/Q - target|``.

    P and Q have degrees p and q, and t is in [low, high]. P comes first, both ascending, scaled so
    that Q is monic.
    """
    nodes = -np.cos(np.pi * (np.arange(400) + 0.5) / 400)
    t = low + (high - low) * (nodes + 1) / 2
    f, w = target(t), weight(t)
    basis = np.polynomial.chebyshev.chebvander(nodes, max(p, q))
    emphasis, denominator, best = np.ones_like(t), np.ones_like(t), (math.inf, np.zeros(1))
    for step in range(400):
        system = np.hstack([basis[:, : p + 1], -f[:, None] * basis[:, : q + 1]])
        system *= (np.sqrt(emphasis) * w / np.abs(denominator))[:, None]
        solution = np.linalg.svd(system, full_matrices=False)[2][-1]
        denominator = basis[:, : q + 1] @ solution[p + 1 :]
        error = w * np.abs(basis[:, : p + 1] @ solution[: p + 1] / denominator - f)
        if error.max() < best[0] and np.abs(np.sign(denominator).sum()) == len(t):
            best = (error.max(), solution)
        if step >= 5:  # the first steps only settle the denominator
            emphasis = np.maximum(emphasis * error / error.max(), 1e-14)
            emphasis /= emphasis.max()
    cheb = np.polynomial.chebyshev.Chebyshev
    parts = [
        cheb(part, domain=[low, high]).convert(kind=np.polynomial.Polynomial, domain=[-1, 1],
                                               window=[-1, 1]).coef
        for part in (best[1][: p + 1], best[1][p + 1 :])
    ]
    print(f"    minimax {p}/{q}: {best[0]:.3g}")
    return np.concatenate([np.resize(parts[0], p + 1), parts[1]]) / parts[1][-1]


def horner(y: Array32, coefficients: Array32) -> Array32:
    """Evaluates in float32; ascending coefficients."""
    value = coefficients[-1] * y if coefficients[-1] != 1 else y
    for c in coefficients[-2:0:-1]:
        value = (value + c) * y
    return value + coefficients[0]


def odd_rational(x: Array32, c: Array32, p: int) -> Array32:
    """``x P(x^2) / Q(x^2)`` as the C code computes it."""
    y = x * x
    return x * horner(y, c[: p + 1]) / horner(y, c[p + 1 :])


def polish(
    start: Array64, error: Callable[[Array32], float], fixed: int, steps: int = 4000
) -> Array32:
    """Moves all but the last ``fixed`` float32 coefficients while the error shrinks."""
    rng = np.random.default_rng(0)
    best = start.astype(np.float32)
    smallest = error(best)
    print(f"    rounded: {smallest:.4g}")
    free = len(best) - fixed
    for _ in range(steps):
        ulps = rng.integers(-3, 4, free) * (rng.random(free) < 0.35)
        trial = best.copy()
        trial[:free] = (best[:free].view(np.int32) + ulps.astype(np.int32)).view(np.float32)
        value = error(trial)
        if value <= smallest:
            best, smallest = trial, value
    print(f"    polished: {smallest:.4g}")
    return best


def show(name: str, values: Array32 | list[np.float32]) -> None:
    """Prints one named list of constants as C hex floats."""
    print(f"  {name}: " + ", ".join(hexadecimal(v) for v in values))


def hexadecimal(value: np.float32) -> str:
    """A C99 float literal."""
    mantissa, exponent = float(value).hex().split("p")
    return f"{mantissa.rstrip('0').rstrip('.')}p{exponent}f"


def grid(low: float, high: float, count: int = 12000) -> Array32:
    """Random floats of both signs' magnitudes, even spread plus every binade near 0."""
    rng = np.random.default_rng(1)
    spread = rng.uniform(low, high, count)
    small = np.exp2(rng.uniform(-12, math.log2(high), count // 4))
    return np.concatenate([spread, small[(small >= low)]]).astype(np.float32)


def saturation(c: Array32, p: int, value: float, bound: float) -> list[F]:
    """The bound, and a float near it where the rational is exactly ``value``."""
    ends = np.array([bound - 1, bound + 1], np.float32).view(np.int32)
    x = np.arange(ends[0], ends[1], dtype=np.int32).view(np.float32)
    hits = np.flatnonzero(odd_rational(x, c, p) == F(value))
    assert len(hits), "the approximation never reaches its limit"
    return [F(bound), x[hits[0]]]


def fit_odd(function: Function, p: int, q: int, bound: float) -> None:
    """Absolute error; 1 is never exceeded below the bound, and is reached exactly above."""
    c = minimax(lambda y: function(np.sqrt(y)) / np.sqrt(y), np.sqrt, 1e-12, bound**2, p, q)
    x = grid(0, bound)
    exact = function(x.astype(np.float64))

    def error(c: Array32) -> float:
        value = odd_rational(x, c, p)
        return float(np.abs(value - exact).max()) + 1e3 * float(np.maximum(value - 1, 0).max())

    c = polish(c, error, fixed=1)
    show("P", c[: p + 1])
    show("Q", c[p + 1 :])
    show("bound, one", saturation(c, p, 1, bound))


def fit_tanh() -> None:
    """See :func:`fit_odd`."""
    fit_odd(np.tanh, 3, 4, 8.0)


def fit_erf() -> None:
    """See :func:`fit_odd`."""
    fit_odd(erf, 4, 5, 3.65)


def fit_gelu(p: int = 5, q: int = 3, bound: float = 5.05) -> None:
    """Phi(x) - 1/2, the error of x Phi(x) relative to max(1, |x|)."""
    c = minimax(lambda y: erf(np.sqrt(y / 2)) / 2 / np.sqrt(y),
                lambda y: y / np.maximum(1, np.sqrt(y)) + 0.01, 1e-12, bound**2, p, q)
    x = grid(0, bound)
    x = np.concatenate([x, -x])
    exact = x * erfc(-x / math.sqrt(2)) / 2

    def error(c: Array32) -> float:
        value = x * (odd_rational(x, c, p) + F(0.5))
        return float((np.abs(value - exact) / np.maximum(1, np.abs(x))).max())

    c = polish(c, error, fixed=1)
    show("P", c[: p + 1])
    show("Q", c[p + 1 :])
    show("bound, half", saturation(c, p, 0.5, bound))


def fit_exp(degree: int = 5) -> None:
    """``1 + r + r^2 C(r)`` on [-ln2/2, ln2/2], relative error."""
    half = math.log(2) / 2
    c = minimax(lambda r: (np.expm1(r) - r) / (r * r), lambda r: r * r / np.exp(r) + 1e-12,
                -half, half, degree - 2, 0)[:-1]
    r = grid(0, half)
    r = np.concatenate([r, -r])
    exact = np.exp(r.astype(np.float64))

    def error(c: Array32) -> float:
        value = horner(r, c) * (r * r) + r + F(1)
        return float((np.abs(value - exact) / exact).max())

    show("C", polish(c, error, fixed=0))


def fit_gelu_tanh(bound: float = 4.86) -> None:
    """Only where tanh's argument makes its rational exactly 1."""
    scale = F(math.sqrt(2 / math.pi))
    cubic = F(math.sqrt(2 / math.pi) * 0.044715)
    x = np.arange(*np.array([4.5, bound], np.float32).view(np.int32), dtype=np.int32)
    x = x.view(np.float32)
    hits = np.flatnonzero(tanh_f32((cubic * (x * x) + scale) * x) == F(1))
    assert len(hits), "the approximation never reaches its limit"
    show("scale, cubic, bound, one", [scale, cubic, F(bound), x[hits[0]]])


def fit_log1p() -> None:
    """``2 atanh(s) / s`` as a polynomial in s^2 for |s| <= 1/3, relative error."""
    c = minimax(lambda y: 2 * np.arctanh(np.sqrt(y)) / np.sqrt(y),
                lambda y: np.sqrt(y) / np.arctanh(np.sqrt(y)) / 2, 1e-12, 1 / 9, 4, 0)[:-1]
    z = grid(0, 1)
    exact = np.log1p(z.astype(np.float64))

    def error(c: Array32) -> float:
        s = z / (z + F(2))
        return float((np.abs(s * horner(s * s, c) - exact) / exact).max())

    show("C", polish(c, error, fixed=0))


def fit_sqrt() -> None:
    """The first guess on [1, 4), relative error; two Newton steps square it twice."""
    c = minimax(np.sqrt, lambda m: 1 / np.sqrt(m), 1, 4, 2, 0)[:-1]
    show("C", c.astype(np.float32))


FITS: dict[str, Callable[[], None]] = {
    "tanh": fit_tanh,
    "erf": fit_erf,
    "gelu": fit_gelu,
    "exp": fit_exp,
    "gelu_tanh": fit_gelu_tanh,
    "log1p": fit_log1p,
    "sqrt": fit_sqrt,
}

if __name__ == "__main__":
    for chosen in sys.argv[1:] or FITS:
        print(chosen)
        FITS[chosen]()
