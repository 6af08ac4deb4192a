# SPDX-License-Identifier: MIT
"""Elementwise functions made of others, none of which loses digits near 0 or overflows on the way.

Formulas: those of ``ir/functions``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from puffer_edge.exporters.decompose.draft import Draft
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.functions.error_function import ERF_BOUND, ERF_P, ERF_Q
from puffer_edge.ir.functions.hyperbolic import SELU_ALPHA, SELU_SCALE
from puffer_edge.ir.ops import Unary

MADE: dict[str, Callable[..., None]] = {}
"""``(draft, x, y, *parameters)`` by the function's name."""

DOMAIN = {"sqrt": 0.0, "log": 2.0**-149, "log1p": -1.0}
"""Where a function's domain begins: ours stay at what they have there, other runtimes give NaN."""


def _makes(function: Callable[..., None]) -> Callable[..., None]:
    MADE[function.__name__.strip("_")] = function
    return function


def decompose_function(draft: Draft, op: Unary) -> None:
    """Writes a Unary of a function in :data:`MADE` as other ops."""
    MADE[op.function.function](draft, op.x, op.y, *op.function.parameters)


def native(op: Unary) -> bool:
    """Whether a format's op can say all parameters: the others are the defaults.

    What ONNX has attributes for, TFLite has options for.
    """
    known = FUNCTIONS[op.function.function]
    said = len(known.onnx_attributes)
    return known.name == "clip" or op.function.parameters[said:] == known.defaults[said:]


@_makes
def _silu(draft: Draft, x: str, y: str) -> None:
    draft.binary("mul", x, draft.unary("sigmoid", x), y)


@_makes
def _ceil(draft: Draft, x: str, y: str) -> None:
    draft.unary("neg", draft.unary("floor", draft.unary("neg", x)), y)


@_makes
def _clip(draft: Draft, x: str, y: str, low: float, high: float) -> None:
    draft.binary("min", draft.binary("max", x, low), high, y)


@_makes
def _round(draft: Draft, x: str, y: str) -> None:
    """Below 2^22 a sum with 1.5 * 2^23 rounds to whole numbers; beyond, a half may stay."""
    inside = draft.fresh("inside")
    _clip(draft, x, inside, -2.0**22, 2.0**22)
    whole = draft.binary("sub", draft.binary("add", inside, 1.5 * 2**23), 1.5 * 2**23)
    draft.binary("add", whole, draft.binary("sub", x, inside), y)


@_makes
def _reciprocal(draft: Draft, x: str, y: str) -> None:
    draft.binary("div", draft.constant(1.0), x, y)


@_makes
def _softsign(draft: Draft, x: str, y: str) -> None:
    draft.binary("div", x, draft.binary("add", draft.unary("abs", x), 1.0), y)


@_makes
def _hard_sigmoid(draft: Draft, x: str, y: str, alpha: float, beta: float) -> None:
    _clip(draft, draft.binary("add", draft.binary("mul", x, alpha), beta), y, 0.0, 1.0)


@_makes
def _hard_swish(draft: Draft, x: str, y: str) -> None:
    factor = draft.fresh("factor")
    _hard_sigmoid(draft, x, factor, 1 / 6, 0.5)
    draft.binary("mul", x, factor, y)


@_makes
def _elu(draft: Draft, x: str, y: str, alpha: float) -> None:
    """exp(x) - 1 = 2 t / (1 - t) with t = tanh(x / 2)."""
    t = draft.unary("tanh", draft.binary("mul", draft.binary("min", x, 0.0), 0.5))
    below = draft.binary("div", draft.binary("mul", t, 2.0 * alpha),
                         draft.binary("sub", draft.constant(1.0), t))
    draft.binary("add", draft.unary("relu", x), below, y)


@_makes
def _celu(draft: Draft, x: str, y: str, alpha: float) -> None:
    inner = draft.fresh("elu")
    _elu(draft, draft.binary("div", draft.binary("min", x, 0.0), alpha), inner, alpha)
    draft.binary("add", draft.unary("relu", x), inner, y)


@_makes
def _selu(draft: Draft, x: str, y: str) -> None:
    inner = draft.fresh("elu")
    _elu(draft, x, inner, float(SELU_ALPHA))
    draft.binary("mul", inner, float(SELU_SCALE), y)


@_makes
def _log1p(draft: Draft, x: str, y: str) -> None:
    """log(w) + (x - (w - 1)) / w with w = 1 + x rounded, which returns what the rounding lost."""
    w = draft.binary("max", draft.binary("add", x, 1.0), DOMAIN["log"])
    lost = draft.binary("sub", x, draft.binary("sub", w, 1.0))
    draft.binary("add", draft.unary("log", w), draft.binary("div", lost, w), y)


@_makes
def _softplus(draft: Draft, x: str, y: str, beta: float) -> None:
    if beta != 1.0:
        inner = draft.fresh("inner")
        _softplus(draft, draft.binary("mul", x, beta), inner, 1.0)
        draft.binary("div", inner, beta, y)
        return
    rest = draft.fresh("rest")
    _log1p(draft, draft.unary("exp", draft.unary("neg", draft.unary("abs", x))), rest)
    draft.binary("add", draft.unary("relu", x), rest, y)


@_makes
def _mish(draft: Draft, x: str, y: str) -> None:
    w = draft.unary("exp", draft.binary("min", x, 20.0))
    n = draft.binary("mul", w, draft.binary("add", w, 2.0))
    draft.binary("mul", x, draft.binary("div", n, draft.binary("add", n, 2.0)), y)


@_makes
def _erf(draft: Draft, x: str, y: str) -> None:
    u = draft.fresh("limited")
    _clip(draft, x, u, -float(ERF_BOUND), float(ERF_BOUND))
    square = draft.binary("mul", u, u)

    def polynomial(start: str, coefficients: list[Any]) -> str:
        for c in coefficients:
            start = draft.binary("mul", draft.binary("add", start, float(c)), square)
        return start

    top = polynomial(draft.binary("mul", square, float(ERF_P[4])), ERF_P[3:0:-1])
    bottom = polynomial(square, ERF_Q[4:0:-1])
    draft.binary("div", draft.binary("mul", u, draft.binary("add", top, float(ERF_P[0]))),
                 draft.binary("add", bottom, float(ERF_Q[0])), y)
