# SPDX-License-Identifier: MIT
"""Each op's bound beside the op itself in float64: it holds, and is not much wider than need be.

The other implementation's inputs are moved by as much as is said that they may be, in the direction
that moves an output most (by the op's own slopes), and in random ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Continuous, Contract, Field, Op, Program
from puffer_edge.ir.builder import Builder
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
from puffer_edge.verification.error_bound import ErrorBound, Pair, U
from puffer_edge.verification.error_bound.bound import propagate
from tests import zoo

Arrays = list[Any]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def convolution(x: Any, weight: Any, bias: Any) -> Any:
    """Two groups, strides 2 and 1, a row of zeros above."""
    x = np.pad(x, ((0, 0), (0, 0), (1, 0), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], (2, 3))[:, :, ::2]
    half = len(weight) // 2
    return np.concatenate([np.einsum("bchwij,ocij->bohw", windows[:, g : g + 1],
                                     weight[g * half : (g + 1) * half])
                           for g in (0, 1)], 1) + bias.reshape(-1, 1, 1)


def layer_norm(x: Any, scale: Any, bias: Any = 0.0) -> Any:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * scale + bias


def gru(x: Any, h: Any, w: Any, u: Any, b: Any = 0.0, c: Any = 0.0) -> Any:
    (rx, zx, nx), (rh, zh, nh) = (np.split(each, 3, -1) for each in (x @ w.T + b, h @ u.T + c))
    r, z = sigmoid(rx + rh), sigmoid(zx + zh)
    return (1 - z) * np.tanh(nx + r * nh) + z * h


def lstm(x: Any, h: Any, c: Any, w: Any, u: Any, b: Any = 0.0) -> Any:
    i, f, g, o = np.split(x @ w.T + h @ u.T + b, 4, -1)
    after = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(after), after


def min_gru(x: Any, h: Any, w: Any) -> Any:
    a, g, p = np.split(x @ w.T, 3, -1)
    candidate = np.where(a >= 0, a + 0.5, sigmoid(a))
    after = (1 - sigmoid(g)) * h + sigmoid(g) * candidate
    return (1 - sigmoid(p)) * x + sigmoid(p) * after, after


def shares(x: Any) -> Any:
    powers = np.exp(x)
    return powers / powers.sum(1, keepdims=True)


@dataclass(frozen=True)
class Case:
    """An op, the shapes of its inputs, and what it is in float64.

    Attributes:
        box, signs: how many times what the slopes say the bound may be, of differences that are
            boxes, and of coefficients, which the first inputs have, the computed ones.
        rounding: how many U it may be of inputs that are the same.
        shift: added to the inputs after the first.
        computed: how many of the first inputs are no constants.
    """

    op: Op
    shapes: tuple[tuple[int, ...], ...]
    real: Callable[..., Any]
    box: float = 1.001
    signs: float = 1.01
    rounding: float = 4.0
    shift: float = 0.0
    computed: int = 1


def two(function: str, real: Callable[..., Any], *shapes: tuple[int, ...], **more: Any) -> Case:
    return Case(Binary(a="a", b="b", y="y", function=function), shapes or ((2, 3), (2, 3)), real,
                computed=2, **more)


def one(name: str, real: Callable[..., Any], *parameters: float, **more: Any) -> Case:
    return Case(Unary(x="x", y="y", function=Activation(name, parameters)), ((2, 3),), real, **more)


CASES: dict[str, Case] = {
    "add": two("add", np.add), "sub": two("sub", np.subtract), "mul": two("mul", np.multiply),
    "div": two("div", np.divide, signs=6, shift=3.0),
    "add a row": two("add", np.add, (2, 3), (3,), signs=3),
    "sub from a column": two("sub", np.subtract, (2, 1), (2, 3), signs=4),
    "mul of a batch": two("mul", np.multiply, (1, 2, 2), (2, 1), signs=3),
    "min": two("min", np.minimum, box=6, signs=6), "max": two("max", np.maximum, box=6, signs=6),
    "norm of 2": Case(BatchNormalization(x="x", scale="a", shift="b", y="y"),
                      ((2, 3), (3,), (3,)), lambda x, a, b: x * a + b),
    "norm of 3": Case(BatchNormalization(x="x", scale="a", shift="b", y="y"),
                      ((1, 3, 2), (3,), (3,)), lambda x, a, b: x * a[:, None] + b[:, None]),
    "norm of 4": Case(BatchNormalization(x="x", scale="a", shift="b", y="y"),
                      ((1, 3, 2, 2), (3,), (3,)),
                      lambda x, a, b: x * a[:, None, None] + b[:, None, None]),
    "conv": Case(Conv(x="x", weight="w", bias="b", y="y", strides=(2, 1), pads=(1, 0, 0, 0),
                      dilations=(1, 1), group=2), ((1, 2, 4, 3), (4, 1, 2, 2), (4,)), convolution,
                 signs=8, rounding=32),
    "gemm": Case(Gemm(x="x", weight="w", bias="b", y="y"), ((2, 4), (3, 4), (3,)),
                 lambda x, w, b: x @ w.T + b, rounding=30),
    "gemm relu": Case(Gemm(x="x", weight="w", y="y", activation=Activation("tanh")),
                      ((1, 4), (3, 4)), lambda x, w: np.tanh(x @ w.T), signs=1.02, box=1.01,
                      rounding=30),
    "matmul": Case(MatMul(a="a", b="b", y="y"), ((2, 2, 3), (2, 3, 2)), np.matmul, computed=2,
                   signs=7, rounding=16),
    "gru": Case(GRUCell(x="x", h="h", weight="w", recurrent="u", bias="b", recurrent_bias="c",
                        y="y"), ((1, 2), (1, 3), (9, 2), (9, 3), (9,), (9,)), gru, box=5,
                computed=2, signs=1.1, rounding=100),
    "lstm": Case(LSTMCell(x="x", h="h", c="c", weight="w", recurrent="u", bias="b", y_h="y",
                          y_c="z"), ((1, 2), (1, 3), (1, 3), (12, 2), (12, 3), (12,)), lstm,
                 box=1.3, computed=3, signs=1.1, rounding=70),
    "min gru": Case(MinGRUCell(x="x", h="h", weight="w", y="y", y_h="z"), ((1, 3), (1, 3), (9, 3)),
                    min_gru, box=8, computed=2, signs=4, rounding=45),
    "l2": Case(L2Normalization(x="x", y="y", axis=1), ((2, 3),),
               lambda x: x / np.sqrt((x**2).sum(-1, keepdims=True)), box=5, signs=6, rounding=12),
    "rms": Case(L2Normalization(x="x", y="y", axis=1, mean=True, epsilon=0.1), ((2, 3),),
                lambda x: x / np.sqrt((x**2).mean(-1, keepdims=True) + 0.1), box=5, signs=6,
                rounding=13),
    "l2 of planes": Case(L2Normalization(x="x", y="y", axis=1, epsilon=0.5), ((2, 2, 2),),
                         lambda x: x / np.sqrt((x**2).sum((1, 2), keepdims=True) + 0.5), box=3,
                         signs=9, rounding=12),
    "floor": Case(L2Normalization(x="x", y="y", axis=1, floor=30.0), ((2, 3),), lambda x: x / 30,
                  box=2, signs=10, rounding=8),
    "layer norm": Case(LayerNormalization(x="x", scale="a", bias="b", y="y", axis=1),
                       ((2, 3), (3,), (3,)), layer_norm, box=4, signs=99, rounding=40),
    "layer norm of no bias": Case(LayerNormalization(x="x", scale="a", y="y", axis=1),
                                  ((1, 4), (4,)), layer_norm, box=7, signs=7, rounding=40),
    "softmax": Case(Softmax(x="x", y="y", axis=1), ((2, 3),), shares, box=18, signs=14,
                    rounding=16),
    **{f"{name} of {axes}": Case(
        Reduce(x="x", y="y", function=name, axes=axes, keep=keep), ((2, 3, 2),),
        lambda x, f=real, a=axes, k=keep: f(x, a, keepdims=k), signs=7, rounding=35,
        box=1.001 if name in ("sum", "mean") else 9)
       for name, real in (("sum", np.sum), ("mean", np.mean), ("max", np.max), ("min", np.min))
       for axes, keep in (((1,), True), ((1, 2), False))},
    "relu": one("relu", lambda x: np.maximum(x, 0), signs=9),
    "tanh": one("tanh", np.tanh, rounding=16), "sigmoid": one("sigmoid", sigmoid, rounding=16),
    "clip": one("clip", lambda x: np.clip(x, -0.5, 0.5), -0.5, 0.5, signs=9),
    "concat": Case(Concat(xs=("a", "b"), y="y", axis=1), ((1, 2), (1, 3)),
                   lambda a, b: np.concatenate([a, b], 1), computed=2),
    "pad": Case(Pad(x="x", y="y", begins=(0, 1), ends=(0, 2), value=0.0), ((2, 2),),
                lambda x: np.pad(x, ((0, 0), (1, 2)))),
    "split": Case(Split(x="x", ys=("y", "z"), sizes=(1, 2), axis=1), ((1, 3),),
                  lambda x: (x[:, :1], x[:, 1:])),
    "slice": Case(Slice(x="x", y="y", starts=(0, 1), counts=(2, 2), steps=(1, 2)), ((2, 5),),
                  lambda x: x[:, 1:5:2]),
    "gather": Case(Gather(x="x", y="y", indices=(2, 0, 0), axis=1), ((2, 3),),
                   lambda x: x[:, [2, 0, 0]]),
    "expand": Case(Expand(x="x", y="y", shape=(2, 3)), ((2, 1),),
                   lambda x: np.repeat(x, 3, 1)),
    "transpose": Case(Transpose(x="x", y="y", permutation=(1, 0)), ((2, 3),), np.transpose),
    "reshape": Case(Reshape(x="x", y="y", shape=(3, 2)), ((2, 3),), lambda x: x.reshape(3, 2)),
}


def flat(made: Any) -> Any:
    return np.concatenate([np.asarray(each, np.float64).ravel()
                           for each in (made if isinstance(made, tuple) else (made,))])


class Bounded:
    """A case with its inputs, and what its slopes say."""

    def __init__(self, case: Case, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.case = case
        self.inputs = [np.float32(random.uniform(0.3, 1.5, shape) * random.choice([-1, 1], shape)
                                  + (index and case.shift)).astype(np.float64)
                       for index, shape in enumerate(case.shapes)]
        self.random, self.size = random, sum(x.size for x in self.inputs)
        self.y = self.at(np.zeros(self.size))
        self.slopes = np.stack([(self.at(1e-6 * row) - self.at(-1e-6 * row)) / -2e-6
                                for row in np.eye(self.size)], 1)

    def cut(self, row: Any) -> Arrays:
        ends = np.cumsum([x.size for x in self.inputs])[:-1]
        return [part.reshape(*x.shape, *row.shape[1:])
                for part, x in zip(np.split(row, ends), self.inputs, strict=True)]

    def at(self, difference: Any) -> Any:
        """The outputs of the other implementation."""
        return flat(self.case.real(*(x - d for x, d in zip(self.inputs, self.cut(difference),
                                                          strict=True))))

    def bound(self, d: Any, g: Any = None) -> Any:
        parts = self.cut(d) if g is None else zip(self.cut(d), self.cut(g), strict=True)
        pairs = iter([Pair(x, part) if g is None else Pair(x, *part)
                      for x, part in zip(self.inputs, parts, strict=True)])
        found = propagate(self.case.op, [next(pairs) if name else None
                                         for name in self.case.op.inputs])
        assert np.allclose(flat(tuple(pair.v for pair in found)), self.y, rtol=1e-5, atol=1e-6)
        assert all(pair.d.shape == pair.v.shape for pair in found)
        return flat(tuple(pair.bound for pair in found))


@pytest.mark.parametrize("name", CASES)
def test_boxes(name: str) -> None:
    """Of each input element by itself; small ones, by the slopes, and large ones, which hold."""
    case = Bounded(CASES[name], 1)
    nothing = case.bound(np.zeros(case.size))
    d = case.random.uniform(0, 1e-4, case.size)
    worst = np.abs(case.slopes) @ d
    assert np.all(nothing <= CASES[name].rounding * U * (1 + 2 * np.abs(case.y)))
    assert np.all(case.bound(d) >= worst * 0.995)
    assert np.all(case.bound(d) <= CASES[name].box * worst + nothing + 1e-7)
    for size in (1e-3, 0.1):
        d = case.random.uniform(0, size, case.size)
        limit = case.bound(d)
        ways = [*np.sign(case.slopes), *-np.sign(case.slopes),
                *case.random.choice([-1, 1], (8, case.size))]
        for way in ways:
            assert np.all(np.abs(case.at(way * d) - case.y) <= limit + 1e-12)


@pytest.mark.parametrize("name", CASES)
def test_coefficients(name: str) -> None:
    """Three errors that inputs share, and that may take each other off; constants have none."""
    case = Bounded(CASES[name], 2)
    nothing = case.bound(np.zeros(case.size))
    g = case.random.uniform(-1e-4, 1e-4, (case.size, 3))
    rest = case.random.uniform(0, 1e-6, case.size)
    computed = sum(x.size for x in case.inputs[: CASES[name].computed])
    for end, most in ((case.size, 100.0), (computed, CASES[name].signs)):
        g[end:], rest[end:] = 0, 0
        limit = case.bound(rest, g)
        worst = np.abs(case.slopes @ g).sum(1) + np.abs(case.slopes) @ rest
        assert np.all(limit >= worst * 0.995 - 1e-8)
        assert np.all(limit <= most * worst + nothing + 1e-7)
        for way in product([-1, 1], repeat=3):
            assert np.all(np.abs(case.at(g @ way) - case.y) <= limit + 1e-12)


def test_a_mask_takes_differences_away() -> None:
    """Forbidden is what is 1, or what is 0; a half is 1."""
    x = Pair(np.ones((1, 4)), np.full((1, 4), 0.1), np.full((1, 4, 2), 0.2))
    flags = Pair(np.array([0.0, 0.4, 0.5, 1.0]), np.zeros(4))
    for forbids, allowed in ((True, [1, 1, 0, 0]), (False, [0, 0, 1, 1])):
        (found,) = propagate(Mask(x="x", mask="m", y="y", forbids=forbids), [x, flags])
        assert np.allclose(found.bound, 0.5 * np.array([allowed]))
        (found,) = propagate(Mask(x="x", mask="m", y="y", forbids=forbids), [x.boxed(), flags])
        assert np.allclose(found.bound, 0.5 * np.array([allowed])) and found.g is None


def test_a_category_that_may_be_another() -> None:
    x = Pair(np.array([1.0, 1.5, 2.95]), np.array([0.0, 0.4, 0.1]), np.array([[0.0], [0.05], [0]]))
    (found,) = propagate(OneHot(x="x", y="y", classes=4), [x])
    assert found.v.tolist() == np.eye(4)[[1, 1, 2]].tolist()
    assert found.bound.tolist() == [[0.0] * 4, [0.0] * 4, [1.0] * 4]


def test_whole_sums_are_exact_up_to_two_to_the_24() -> None:
    """Of whole numbers that both have, and of no others."""
    for numbers, d, exact in (([1.0, 2.0], 0.0, True), ([2.0**24 - 1, 1.0], 0.0, True),
                              ([2.0**24, 1.0], 0.0, False), ([1.5, 2.0], 0.0, False),
                              ([1.0, 2.0], 1e-9, False)):
        x = Pair(np.array([numbers]), np.full((1, 2), d))
        (found,) = propagate(Reduce(x="x", y="y", function="sum", axes=(1,)), [x])
        assert (found.bound.item() <= 3 * d) == exact
        (mean,) = propagate(Reduce(x="x", y="y", function="mean", axes=(1,)), [x])
        assert mean.bound.item() > 3 * d


def test_where_elements_come_from() -> None:
    """The same one less itself is nothing, wherever it was moved; another is not."""
    origin = np.arange(4).reshape(2, 2)
    x = Pair(np.ones((2, 2)), np.full((2, 2), 0.1), None, origin)
    (turned,) = propagate(Transpose(x="x", y="y", permutation=(1, 0)), [x])
    (padded,) = propagate(Pad(x="x", y="y", begins=(0, 1), ends=(0, 0)), [x])
    assert turned.origin is not None and padded.origin is not None
    assert turned.origin.tolist() == [[0, 2], [1, 3]]
    assert padded.origin.tolist() == [[-1, 0, 1], [-1, 2, 3]]
    unknown = Pair(x.v, x.d)
    (joined,) = propagate(Concat(xs=("a", "b"), y="y", axis=1), [unknown, x])
    assert joined.origin is not None and joined.origin.tolist() == [[-1, -1, 0, 1], [-1, -1, 2, 3]]
    (less,) = propagate(Binary(a="a", b="b", y="y", function="sub"), [
        x, Pair(np.ones((1, 2)), np.full((1, 2), 0.1), None, origin[:1])])
    assert np.allclose(less.bound, [[0, 0], [0.2, 0.2]], rtol=1e-5)


def program(body: Callable[[Builder, str], str], width: int) -> Program:
    builder = Builder("test")
    y = body(builder, builder.input("observation", (1, width)))
    size = int(np.prod(builder.shape(y)))
    return builder.build({"y": y}, Contract((Field("obs", (width,)),), Continuous(size)))


def test_no_two_elements_are_taken_for_one() -> None:
    """Each of three less each of four of another layer, and less each of themselves."""
    def body(builder: Builder, x: str) -> str:
        column, row = (builder.add(Reshape, x=builder.add(Gemm, x=x, weight=builder.constant(
            zoo.Bench((1, 1), seed).random.standard_normal((size, 2)).astype(np.float32))),
            shape=shape) for seed, size, shape in ((1, 3, (3, 1)), (2, 4, (1, 4))))
        own = builder.add(Transpose, x=column, permutation=(1, 0))
        return builder.add(Concat, xs=tuple(
            builder.add(Binary, a=column, b=other, function="sub") for other in (row, own)), axis=1)

    made = program(body, 2)
    known = Interpreter(made).values(np.float32([0.3, 0.7]))
    found = ErrorBound(made).step(known)["y"].reshape(3, 7)
    assert np.all((found == 0) == np.hstack([np.zeros((3, 4)), np.eye(3)]))


def test_a_state_that_forgets_nothing() -> None:
    """A sum over forty steps of what a weight that is off makes, to the last of it; the signs of
    24 steps are kept, and what is older is one number for each element."""
    def body(builder: Builder, x: str) -> str:
        parts = [builder.add(Slice, x=x, starts=(0, start), counts=(1, size), steps=(1, 1))
                 for start, size in ((0, 2), (2, 1))]
        total, last = builder.state("total", (1, 2)), builder.state("last", (1, 1))
        moved = builder.add(Binary, a=parts[0], function="mul",
                            b=builder.constant(np.float32([1.0, 2.0]), "w"))
        total_after = builder.add(Binary, a=total, b=moved, function="add")
        builder.carry(total, total_after)
        builder.carry(last, parts[1])
        return builder.add(Concat, xs=(total_after, last), axis=1)

    made = program(body, 3)
    (name,) = made.constants
    bound = ErrorBound(made, {name: np.array([1e-3, 2e-3])})
    runner, sums = Interpreter(made), np.zeros(2)
    for step, row in enumerate(np.random.default_rng(0).uniform(-1, 1, (40, 3)), 1):
        known = runner.values(np.float32(row))
        found = bound.step(known)["y"]
        runner.state = {state.input: known[state.output] for state in made.states}
        sums += np.abs(row[:2]) * [1e-3, 2e-3]
        assert np.all(found[:2] >= sums * 0.99999)
        assert np.all(found[:2] <= sums + 2e-6 * step) and found[2] == 0
        columns = bound.state[made.states[0].input].g
        assert columns is not None and columns.shape[-1] == 3 * min(step, 25)
    bound.resynchronise()
    assert np.all(bound.step(runner.values(np.float32([1, 1, 1])))["y"] <= 2.1e-3)
