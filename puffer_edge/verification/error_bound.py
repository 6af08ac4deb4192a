"""How far a Program's float32 outputs may lie from another float32 implementation's: a proof.

For every value a bound on the difference ``ours - theirs`` is carried through the graph beside our
value. An op f adds what rounding can do on either side to what it makes of its inputs' difference:

    |f^(x) - f*(x')|  <=  |f^(x) - f(x)|  +  |f(x) - f(x')|  +  |f(x') - f*(x')|
                          our rounding       propagation         their rounding

Rounding (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapter 3): a sum
of products with at most n roundings on the way of each term, in whatever order, is off by at most
``gamma_n * sum |terms|`` with ``gamma_n = n u / (1 - n u)`` and ``u = 2^-24`` (lemmas 3.1 and 3.3,
equation 3.4); so is one with fused multiply-adds, which round less often. Elementwise functions:
ours are as accurate as ``ir.functions.FUNCTIONS`` states; theirs are taken to be within
``4 u (|y| + min(|x|, 1))``, for the exact GELU 32 u. (Measured on torch 2.13 over 2.7 million
inputs: 2.6 and 18.2.)

Propagation: in a recurrent layer the triangle inequality, which knows magnitudes only, makes too
much of the growth from step to step and explodes within 30. So the difference is held in affine
form (L. H. de Figueiredo, J. Stolfi, Affine Arithmetic, 2004),

    ours - theirs  =  sum over k of g_k e_k  +  rest,    |e_k| <= 1,    |rest| <= d

where the e_k are the roundings of earlier steps, the same for all values: ``W (g e)`` is
``(W g) e`` with its signs, and a layer that forgets, forgets its errors. After each step the rest
of each state element becomes an e_k of its own. Products and functions are linearised, and what the
linear part misses goes to the rest, so the bound stays one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from puffer_edge.ir import Activation, Op, Program
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.ops import (
    BatchNormalization,
    Binary,
    Concat,
    Conv,
    Expand,
    Gather,
    Gemm,
    GRUCell,
    L2Normalization,
    LayerNormalization,
    LSTMCell,
    Mask,
    MatMul,
    MinGRUCell,
    OneHot,
    Pad,
    Reduce,
    Reshape,
    Slice,
    Softmax,
    Split,
    Transpose,
    Unary,
)

Array = Any
U = 2.0**-24
TINY = 2.0**-126  # what underflow can do
THEIRS = {"gelu": 32 * U}
MONOTONE = frozenset((
    "ceil", "clip", "elu", "erf", "exp", "floor", "hard_sigmoid", "leaky_relu", "log", "log1p",
    "neg", "reciprocal", "relu", "round", "selu", "sigmoid", "softplus", "softsign", "sqrt",
    "tanh"))
KEPT = 24
"""Steps whose roundings keep their signs; older ones are forgotten or go to the rest."""


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
    """

    v: Array
    d: Array
    g: Array | None = None

    @property
    def bound(self) -> Array:
        """At least ``|ours - theirs|``."""
        return self.d if self.g is None else self.d + np.abs(self.g).sum(-1)

    @property
    def size(self) -> Array:
        """At least the magnitude of both implementations' values."""
        return np.abs(self.v) + 2 * self.bound

    def boxed(self) -> Pair:
        """The same bound without coefficients."""
        return Pair(self.v, self.bound)

    def rounded(self) -> Pair:
        """After one rounding on either side."""
        return replace(self, d=self.d + 2 * gamma(1) * self.size + 2 * TINY)

    def __add__(self, other: Pair) -> Pair:
        return Pair(self.v + other.v, self.d + other.d, _plus(self.g, other.g, 1.0)).rounded()

    def __sub__(self, other: Pair) -> Pair:
        return Pair(self.v - other.v, self.d + other.d, _plus(self.g, other.g, -1.0)).rounded()

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
            moved = np.fmax(np.abs(above - y), np.abs(below - y)) + 1e-15 * np.abs(y)
        else:
            assert function.lipschitz is not None
            moved = function.lipschitz * t
        size = np.abs(y) + 2 * moved
        ours = max(1.0, *map(abs, parameters), 1.0) * function.abs_error + function.rel_error * size
        theirs = THEIRS.get(name, 4 * U) * (size + np.minimum(self.size, 1))
        local = ours + theirs + 2 * TINY
        if self.g is None or t.max() > 1e-3 or not np.isfinite([above, below]).all():
            return Pair(y, moved + local)
        # With the chord's slope s, h(D) = f(x + D) - f(x) - s D has h(t) = h(-t); where f is convex
        # or concave on the interval, |h| <= |h(t)|. An inflection inside adds less than 10 t^3.
        slope = (above - below) / (2 * t + TINY)
        missed = (np.abs(above - y - slope * t) + np.abs(y - below - slope * t) + 10 * t**3
                  + 1e-15 * (1 + np.abs(y)))
        return Pair(y, np.abs(slope) * self.d + missed + local, slope[..., None] * self.g)


def _plus(a: Array | None, b: Array | None, sign: float) -> Array | None:
    if a is None or b is None:
        return a if b is None else sign * b
    return a + sign * b


def _times(g: Array | None, factor: Array) -> Array | None:
    return None if g is None else g * factor[..., None]


def exact(array: Array) -> Pair:
    """What both implementations hold bit for bit."""
    v = np.asarray(array, np.float64)
    return Pair(v, np.zeros_like(v))


def linear(x: Pair, weight: Pair, start: Pair, roundings: int) -> Pair:
    """``start + x @ weight.T``; ``roundings`` on the way of a term, fewer where x has zeros."""
    w, size = np.abs(weight.v).T, x.size
    roundings = max(roundings - int((size == 0).sum(-1).min()), 1)
    g = None if x.g is None else np.moveaxis(np.moveaxis(x.g, -1, 0) @ weight.v.T, 0, -1)
    d = x.d @ w + size @ weight.d.T + start.d + 2 * gamma(roundings) * (size @ w + start.size)
    return Pair(x.v @ weight.v.T + start.v, d, _plus(g, start.g, 1.0))


class ErrorBound:
    """Bounds along a sequence of steps.

    Args:
        program: what we run.
        constants: how far the other implementation's constants may be from ours, by name: where a
            front end computed one (a folded normalisation, a sum of two biases). Others are equal.
    """

    def __init__(self, program: Program, constants: Mapping[str, Array] | None = None) -> None:
        self.program = program
        self.constants = dict(constants or {})
        self.resynchronise()

    def resynchronise(self) -> None:
        """Says that both implementations have the same state now."""
        self.state = {s.input: exact(np.zeros(s.initial.shape)) for s in self.program.states}

    def step(self, known: Mapping[str, Array]) -> dict[str, Array]:
        """Bounds on the outputs of one step by their outside names, flat; the state advances.

        Args:
            known: our value of every name, as ``Interpreter.values`` gives them.
        """
        pairs = {name: exact(known[name]) for name in (*self.program.constants, self.program.input)}
        for name, d in self.constants.items():
            pairs[name] = replace(pairs[name], d=d)
        for name, pair in self.state.items():
            pairs[name] = replace(pair, v=np.asarray(known[name], np.float64))
        for op in self.program.ops:
            inputs = [pairs[name] if name else None for name in op.inputs]
            for name, result in zip(op.outputs, propagate(op, inputs), strict=True):
                # Ours is known: no need to carry the float64 one.
                pairs[name] = replace(result, v=np.asarray(known[name], np.float64))
        self.state = self._advanced(pairs)
        return {name: pairs[value].bound.reshape(-1) for name, value
                in zip(self.program.output_names, self.program.outputs, strict=True)}

    def _advanced(self, pairs: dict[str, Pair]) -> dict[str, Pair]:
        """The new state, the rest of each of its elements as a coefficient of its own."""
        after = [pairs[s.output] for s in self.program.states]
        if not after:
            return {}
        d = np.concatenate([p.d.reshape(-1) for p in after])
        width = max((p.g.shape[-1] for p in after if p.g is not None), default=0)
        g = np.concatenate([np.zeros((p.v.size, width)) if p.g is None
                            else p.g.reshape(p.v.size, width) for p in after])
        # The oldest come first; they have shrunk most where the layer forgets.
        old = max(width - KEPT * d.size, 0)
        g = np.concatenate([g[:, old:], np.diag(d + np.abs(g[:, :old]).sum(1))], axis=1)
        ends = np.cumsum([p.v.size for p in after])[:-1]
        return {s.input: Pair(p.v, np.zeros(p.v.shape), part.reshape(*p.v.shape, -1))
                for s, p, part in zip(self.program.states, after, np.split(g, ends), strict=True)}


def propagate(op: Op, inputs: list[Any]) -> tuple[Pair, ...]:
    """The outputs of an op as pairs."""
    if isinstance(op, (Reshape, Slice, Concat, Transpose, Gather, Expand, Split, Pad)):
        return _moved(op, inputs)
    if isinstance(op, (Conv, L2Normalization, LayerNormalization, MatMul, Reduce, Softmax)):
        inputs = [x and x.boxed() for x in inputs]
    (result, *more) = _RULES[type(op)](op, *inputs)
    activation: Activation | None = getattr(op, "activation", None)
    if activation:
        result = result.apply(activation.function, activation.parameters)
    return (result, *more)


def _moved(op: Op, inputs: list[Pair]) -> tuple[Pair, ...]:
    """Where each element goes, found by moving the elements' numbers; -1 is new."""
    starts = np.cumsum([0, *(x.v.size for x in inputs)])
    numbers = [n + np.arange(x.v.size, dtype=np.int64).reshape(x.v.shape)
               for x, n in zip(inputs, starts, strict=False)]
    if isinstance(op, Pad):
        (n,) = numbers
        places: Any = (np.pad(n, list(zip(op.begins, op.ends, strict=True)), constant_values=-1),)
    else:
        places = op.evaluate(numbers)
    v, d = (np.concatenate([getattr(x, part).reshape(-1) for x in inputs] + [[0.0]])
            for part in ("v", "d"))
    width = max((x.g.shape[-1] for x in inputs if x.g is not None), default=0)
    g = np.concatenate([np.zeros((x.v.size, width)) if x.g is None
                        else x.g.reshape(x.v.size, width) for x in inputs] + [np.zeros((1, width))])
    return tuple(Pair(v[p], d[p], g[p] if width else None) for p in places)


def _gemm(op: Gemm, x: Pair, weight: Pair, bias: Pair | None) -> tuple[Pair]:
    return (linear(x, weight, bias or exact(0.0), weight.v.shape[1] + 1),)


def _conv(op: Conv, x: Pair, weight: Pair, bias: Pair | None) -> tuple[Pair]:
    plain, w = replace(op, activation=None), np.abs(weight.v)

    def run(a: Array, b: Array, c: Array | None) -> Array:
        operands = [v if v is None else v.astype(np.float32) for v in (a, b, c)]
        return plain.evaluate(operands)[0].astype(np.float64)

    n = int(np.prod(w.shape[1:])) + 1
    size = run(x.size, w, None if bias is None else np.abs(bias.v))
    d = run(x.d, w, None) + run(x.size, weight.d, None) + 2 * gamma(n) * size
    # The bound itself is summed in float32 here.
    return (Pair(run(x.v, weight.v, None if bias is None else bias.v), d * (1 + 4 * gamma(n))),)


def _parts(pair: Pair, count: int) -> list[Pair]:
    """A pair cut along the last axis."""
    width = pair.v.shape[-1] // count
    cuts = [slice(k * width, (k + 1) * width) for k in range(count)]
    return [Pair(pair.v[..., c], pair.d[..., c], None if pair.g is None else pair.g[..., c, :])
            for c in cuts]


def _lstm(op: LSTMCell, x: Pair, h: Pair, c: Pair, weight: Pair, recurrent: Pair,
          bias: Pair | None) -> tuple[Pair, Pair]:
    n = weight.v.shape[1] + recurrent.v.shape[1] + 4  # two biases, two partial sums
    gates = linear(h, recurrent, linear(x, weight, bias or exact(0.0), n), n)
    i, f, g, o = _parts(gates, 4)
    y_c = f.apply("sigmoid") * c + i.apply("sigmoid") * g.apply("tanh")
    return o.apply("sigmoid") * y_c.apply("tanh"), y_c


def _gru(op: GRUCell, x: Pair, h: Pair, weight: Pair, recurrent: Pair, bias: Pair | None,
         recurrent_bias: Pair | None) -> tuple[Pair]:
    n = weight.v.shape[1] + recurrent.v.shape[1] + 4
    r_x, z_x, n_x = _parts(linear(x, weight, bias or exact(0.0), n), 3)
    r_h, z_h, n_h = _parts(linear(h, recurrent, recurrent_bias or exact(0.0), n), 3)
    r, z = (r_x + r_h).apply("sigmoid"), (z_x + z_h).apply("sigmoid")
    new = (n_x + r * n_h).apply("tanh")
    return (new + z * (h - new),)


def _min_gru(op: MinGRUCell, x: Pair, h: Pair, weight: Pair) -> tuple[Pair, Pair]:
    a, g, p = _parts(linear(x, weight, exact(0.0), weight.v.shape[1]), 3)
    candidate = _candidate(a)
    after = h + g.apply("sigmoid") * (candidate - h)
    # Theirs is torch.lerp, which starts at the nearer of the two ends.
    after = Pair(after.v, after.d + 4 * U * (h.size + candidate.size), after.g)
    keep = p.apply("sigmoid")
    y = x + keep * (after - x)
    # Theirs is keep * after + (1 - keep) * x, whose terms may be larger than their difference.
    return Pair(y.v, y.d + 4 * U * (after.size + 2 * x.size), y.g), after


def _candidate(a: Pair) -> Pair:
    """The larger part or sigmoid(a): slopes are at most 1, so a bound of a is one of this."""
    value = np.where(a.v >= 0, a.v + 0.5, 1 / (1 + np.exp(-np.minimum(a.v, 0))))
    return Pair(value, a.bound + 8 * U * (np.abs(value) + 1))


def _one_hot(op: OneHot, x: Pair) -> tuple[Pair]:
    # Another category where both sides of a comparison are possible.
    doubtful = np.floor(x.v - x.bound) != np.floor(x.v + x.bound)
    y = op.evaluate([x.v.astype(np.float32)])[0]
    return (Pair(y.astype(np.float64), np.broadcast_to(doubtful[..., None], y.shape) * 1.0),)


def _layer_norm(op: LayerNormalization, x: Pair, scale: Pair, bias: Pair | None) -> tuple[Pair]:
    width = int(np.prod(scale.v.shape))
    rows, d = x.v.reshape(-1, width), x.d.reshape(-1, width)
    g, size = scale.v.reshape(-1), x.size.reshape(-1, width)
    mean = Pair(rows.mean(-1, keepdims=True),
                (d + 2 * gamma(width + 1) * size).mean(-1, keepdims=True))
    centred = Pair(rows, d) - mean
    square = centred * centred
    variance = Pair(square.v.mean(-1, keepdims=True),
                    (square.d + 2 * gamma(width + 1) * square.size).mean(-1, keepdims=True))
    factor = (variance + exact(op.epsilon)).apply("sqrt").apply("reciprocal")
    y = centred * factor * Pair(g, scale.d.reshape(-1))
    # torch has x / s - mean / s, whose terms are larger than their difference.
    y = Pair(y.v, y.d + 4 * U * (size + mean.size) * factor.size * np.abs(g))
    if bias is not None:
        y = y + Pair(bias.v.reshape(-1), bias.d.reshape(-1))
    return (Pair(y.v.reshape(x.v.shape), y.d.reshape(x.v.shape)),)


def _l2_norm(op: L2Normalization, x: Pair) -> tuple[Pair]:
    width = int(np.prod(x.v.shape[op.axis:]))
    rows = Pair(x.v.reshape(-1, width), x.d.reshape(-1, width))
    square, count = rows * rows, width if op.mean else 1
    total = Pair(square.v.sum(-1, keepdims=True) / count,
                 (square.d + 2 * gamma(width + 1) * square.size).sum(-1, keepdims=True) / count)
    root = (total + exact(op.epsilon)).apply("sqrt")
    # The larger of two numbers is no further off than the one that is.
    root = Pair(np.maximum(root.v, op.floor), root.d)
    y = rows * root.apply("reciprocal")
    return (Pair(y.v.reshape(x.v.shape), y.d.reshape(x.v.shape)),)


def _batch_norm(op: BatchNormalization, x: Pair, scale: Pair, shift: Pair) -> tuple[Pair]:
    channel = (-1, *(1,) * (x.v.ndim - 2))
    a, b = (Pair(p.v.reshape(channel), p.d.reshape(channel)) for p in (scale, shift))
    return (x * a + b,)


def _binary(op: Binary, a: Pair, b: Pair) -> tuple[Pair]:
    if op.function in ("min", "max"):
        function = np.minimum if op.function == "min" else np.maximum
        return (Pair(function(a.v, b.v), np.maximum(a.bound, b.bound)),)
    if a.v.shape != b.v.shape:  # broadcasting coefficients is not worth the code
        shape = np.broadcast_shapes(a.v.shape, b.v.shape)
        a, b = (p if p.v.shape == shape else p.boxed() for p in (a, b))
    return ({"add": a.__add__, "sub": a.__sub__, "mul": a.__mul__,
             "div": a.__truediv__}[op.function](b),)


def _unary(op: Unary, x: Pair) -> tuple[Pair]:
    return (x.apply(op.function.function, op.function.parameters),)


def _softmax(op: Softmax, x: Pair) -> tuple[Pair]:
    axis = op.axis
    centred = x.v - x.v.max(axis, keepdims=True)
    powers = np.exp(centred)
    y = powers / powers.sum(axis, keepdims=True)
    # Relative: of each power by its argument and its function, of the sum by its worst power.
    argument = 2 * x.d.max(axis, keepdims=True) + 2 * U * np.abs(centred)
    power = np.expm1(argument) + FUNCTIONS["exp"].rel_error + 8 * U
    whole = power + power.max(axis, keepdims=True) + 2 * gamma(x.v.shape[axis] + 2)
    return (Pair(y, y * whole * 1.001 + FUNCTIONS["exp"].abs_error + TINY),)


def _reduce(op: Reduce, x: Pair) -> tuple[Pair]:
    if op.function in ("max", "min"):
        function = np.max if op.function == "max" else np.min
        return (Pair(function(x.v, op.axes, keepdims=op.keep),
                     np.max(x.d, op.axes, keepdims=op.keep)),)
    n = int(np.prod([x.v.shape[axis] for axis in op.axes]))
    count = n if op.function == "mean" else 1
    return (Pair(np.sum(x.v, op.axes, keepdims=op.keep) / count,
                 np.sum(x.d + 2 * gamma(n + 1) * x.size, op.axes, keepdims=op.keep) / count),)


def _matmul(op: MatMul, a: Pair, b: Pair) -> tuple[Pair]:
    n = a.v.shape[-1]
    return (Pair(a.v @ b.v, a.d @ b.size + a.size @ b.d + 2 * gamma(n) * (a.size @ b.size)),)


def _mask(op: Mask, x: Pair, mask: Pair) -> tuple[Pair]:
    # The mask is the caller's; a forbidden choice is the same number on either side.
    forbidden = ((mask.v.reshape(x.v.shape) >= 0.5) == op.forbids)[..., None]
    d = np.where(forbidden[..., 0], 0.0, x.d)
    return (Pair(x.v, d, None if x.g is None else np.where(forbidden, 0.0, x.g)),)


_RULES: dict[type[Op], Any] = {
    BatchNormalization: _batch_norm, Binary: _binary, Conv: _conv, GRUCell: _gru, Gemm: _gemm,
    L2Normalization: _l2_norm, LSTMCell: _lstm, LayerNormalization: _layer_norm, Mask: _mask,
    MatMul: _matmul,
    MinGRUCell: _min_gru, OneHot: _one_hot, Reduce: _reduce, Softmax: _softmax, Unary: _unary,
}
