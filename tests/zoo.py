# SPDX-License-Identifier: MIT
"""Small Programs, one per op and a few whole policies, that the product tests run over.

A new op needs one entry in CASES; test_every_op_is_in_the_zoo says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from puffer_edge.frontends.wrappers import mask_actions
from puffer_edge.ir import (
    ActionMask,
    Activation,
    Builder,
    Continuous,
    Contract,
    Discrete,
    Field,
    Hybrid,
    Program,
)
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
from puffer_edge.passes import optimize
from puffer_edge.passes.recognize_masks import masked as masked_by
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES

Body = Callable[["Bench"], "str | Program"]


class Bench:
    """A Builder with random weights and short ways to say things."""

    def __init__(self, shape: tuple[int, ...], seed: int = 1) -> None:
        self.random = np.random.default_rng(seed)
        self.builder = Builder("a test")
        self.x = self.builder.input("observation", shape)

    def weight(self, *shape: int, scale: float | None = None) -> str:
        scale = scale if scale is not None else 1 / np.sqrt(shape[-1])
        return self.builder.constant(
            (scale * self.random.standard_normal(shape)).astype(np.float32), "w")

    def op(self, kind, **fields) -> str:
        return self.builder.add(kind, **fields)

    def program(self, y: str, action=None) -> Program:
        size = int(np.prod(self.builder.shape(y)))
        observation = (Field("obs", (int(np.prod(self.builder.shape(self.x))),)),)
        return self.builder.build({"logits": y}, Contract(observation, action or Discrete((size,))))


def _activations(bench: Bench) -> str:
    """Every function with its default parameters, over the same values, side by side."""
    parts = [
        bench.op(Unary, x=bench.x, function=Activation(
            name, tuple(default for _, default in function.parameters)))
        for name, function in sorted(FUNCTIONS.items()) if name not in ("reciprocal", "exp", "log")]
    return bench.op(Concat, xs=tuple(parts), axis=1)


def _arithmetic(bench: Bench) -> str:
    """All functions, with all kinds of broadcasting."""
    x = bench.x  # [1, 3, 4]
    row, column = bench.weight(4), bench.weight(3, 1)
    y = bench.op(Binary, a=x, b=row, function="add")
    y = bench.op(Binary, a=column, b=y, function="mul")
    y = bench.op(Binary, a=y, b=x, function="sub")
    y = bench.op(Binary, a=y, b=bench.builder.constant(np.float32(2.5)), function="div")
    y = bench.op(Binary, a=y, b=bench.weight(1, 3, 4), function="max")
    y = bench.op(Binary, a=bench.op(Slice, x=x, starts=(0, 0, 0), counts=(1, 1, 4),
                                    steps=(1, 1, 1)), b=y, function="min")
    return bench.op(Reshape, x=y, shape=(1, 12))


def _residual(bench: Bench) -> str:
    """Sums, differences, products and extremes of activations, and with constants."""
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(6, 6), bias=bench.weight(6))
    a = bench.op(Unary, x=y, function=Activation("relu"))
    b = bench.op(Gemm, x=a, weight=bench.weight(6, 6), bias=bench.weight(6))
    y = bench.op(Binary, a=a, b=b, function="add")
    z = bench.op(Unary, x=y, function=Activation("sigmoid"))
    y = bench.op(Binary, a=y, b=z, function="mul")
    y = bench.op(Binary, a=y, b=bench.op(Binary, a=b, b=y, function="min"), function="sub")
    grid = bench.op(Binary, a=bench.op(Reshape, x=y, shape=(1, 6, 1)), b=bench.weight(1, 4),
                    function="mul")
    grid = bench.op(Binary, a=bench.weight(1, 6, 4), b=grid, function="max")
    y = bench.op(Reshape, x=grid, shape=(1, 24))
    return bench.op(Gemm, x=y, weight=bench.weight(3, 24))


def _conv(rank: int, **changes) -> Body:
    def body(bench: Bench) -> str:
        channels = bench.builder.shape(bench.x)[1]
        options = {"strides": (1,) * rank, "pads": (0,) * 2 * rank, "dilations": (1,) * rank,
                   "group": 1, **changes}
        filters = options.pop("filters", 6)
        weight = bench.weight(filters, channels // options["group"], *(3, 2)[:rank], scale=0.3)
        y = bench.op(Conv, x=bench.x, weight=weight, bias=bench.weight(filters), **options,
                     activation=Activation("relu"))
        size = int(np.prod(bench.builder.shape(y)))
        flat = bench.op(Reshape, x=y, shape=(1, size))
        return bench.op(Gemm, x=flat, weight=bench.weight(3, size))
    return body


def _lstm(bench: Bench, layers: int = 1) -> str:
    x, size = bench.x, bench.builder.shape(bench.x)[1]
    for layer in range(layers):
        h, c = (bench.builder.state(f"{n}{layer}", (1, 7)) for n in "hc")
        y_h, y_c = bench.builder.add_many(
            LSTMCell, ("", ""), x=x, h=h, c=c, weight=bench.weight(28, size),
            recurrent=bench.weight(28, 7), bias=bench.weight(28))
        bench.builder.carry(h, y_h)
        bench.builder.carry(c, y_c)
        x, size = y_h, 7
    return bench.op(Gemm, x=x, weight=bench.weight(5, 7), bias=bench.weight(5))


def _gru(bench: Bench, layers: int = 1) -> str:
    x, size = bench.x, bench.builder.shape(bench.x)[1]
    for layer in range(layers):
        h = bench.builder.state(f"h{layer}", (1, 6))
        y = bench.op(GRUCell, x=x, h=h, weight=bench.weight(18, size),
                     recurrent=bench.weight(18, 6), bias=bench.weight(18),
                     recurrent_bias=bench.weight(18))
        bench.builder.carry(h, y, np.linspace(-1, 1, 6, dtype=np.float32).reshape(1, 6))
        x, size = y, 6
    return bench.op(Gemm, x=x, weight=bench.weight(3, 6))


def _min_gru(bench: Bench, layers: int = 1) -> str:
    x = bench.x
    for layer in range(layers):
        h = bench.builder.state(f"h{layer}", (1, 6))
        x, y_h = bench.builder.add_many(MinGRUCell, ("", ""), x=x, h=h, weight=bench.weight(18, 6))
        bench.builder.carry(h, y_h)
    return bench.op(Gemm, x=x, weight=bench.weight(3, 6))


def _joined(bench: Bench) -> str:
    """Parts of very different sizes, joined for matrices only: each keeps its scale."""
    large = bench.op(Gemm, x=bench.x, weight=bench.weight(2, 6, scale=300.0))
    small = bench.op(Gemm, x=bench.x, weight=bench.weight(9, 6), bias=bench.weight(9),
                     activation=Activation("relu"))
    large, other = (bench.op(Unary, x=y, function=Activation("elu", (1.0,))) for y in (
        large, bench.op(Gemm, x=bench.x, weight=bench.weight(4, 6), bias=bench.weight(4))))
    y = bench.op(Concat, xs=(large, small, other), axis=1)
    h, c = (bench.builder.state(name, (1, 5)) for name in "hc")
    weight = 0.5 * bench.random.standard_normal((20, 15)).astype(np.float32)
    weight[:, :2] /= 500
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=y, h=h, c=c, weight=bench.builder.constant(weight),
        recurrent=bench.weight(20, 5), bias=bench.weight(20))
    bench.builder.carry(h, y_h)
    bench.builder.carry(c, y_c)
    seen = bench.op(Gemm, x=y, weight=bench.builder.constant(weight[:6]))
    return bench.op(Gemm, x=bench.op(Concat, xs=(y_h, seen), axis=1), weight=bench.weight(4, 11))


def _stacked(bench: Bench) -> str:
    """Three cells, the states of a kind in one, forgotten where an episode begins."""
    goes_on = bench.op(Unary, function=Activation("clip", (0.0, 1.0)), x=bench.op(
        Slice, x=bench.x, starts=(0, 5), counts=(1, 1), steps=(1, 1)))
    h, c = bench.builder.state("h", (3, 1, 6)), bench.builder.state("c", (2, 1, 6))
    kept = [bench.op(Binary, a=state, b=goes_on, function="mul") for state in (h, c)]

    def part(state: str, layer: int) -> str:
        y = bench.op(Slice, x=state, starts=(layer, 0, 0), counts=(1, 1, 6), steps=(1, 1, 1))
        return bench.op(Reshape, x=y, shape=(1, 6))

    x, made = bench.x, []
    for layer in range(2):
        made.append(bench.builder.add_many(
            LSTMCell, ("", ""), x=x, h=part(kept[0], layer), c=part(kept[1], layer),
            weight=bench.weight(24, 6), recurrent=bench.weight(24, 6),
            bias=bench.weight(24, scale=1.0)))
        x = made[-1][0]
    y = bench.op(GRUCell, x=x, h=part(kept[0], 2), weight=bench.weight(18, 6),
                 recurrent=bench.weight(18, 6))
    made.append((y, ""))
    for state, side in ((h, 0), (c, 1)):
        parts = [bench.op(Reshape, x=pair[side], shape=(1, 1, 6)) for pair in made if pair[side]]
        bench.builder.carry(state, bench.op(Concat, xs=tuple(parts), axis=0))
    return bench.op(Gemm, x=y, weight=bench.weight(3, 6))


def _shared_state(bench: Bench) -> str:
    """One state of h and c, of which each is a half, and of which another layer reads all."""
    state = bench.builder.state("hc", (1, 14))
    h, c = bench.builder.add_many(Split, ("", ""), x=state, sizes=(7, 7), axis=1)
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=bench.x, h=h, c=c, weight=bench.weight(28, 6, scale=1.0),
        recurrent=bench.weight(28, 7), bias=bench.weight(28))
    bench.builder.carry(state, bench.op(Concat, xs=(y_h, y_c), axis=1))
    seen = bench.op(Gemm, x=state, weight=bench.weight(4, 14))
    both = bench.op(Concat, xs=(y_h, seen), axis=1)
    return bench.op(Gemm, x=both, weight=bench.weight(5, 11), bias=bench.weight(5))


def _movement(bench: Bench) -> str:
    """Split, concatenate, slice backwards, gather, transpose, pad, expand."""
    x = bench.x  # [1, 4, 6]
    a, b = bench.builder.add_many(Split, ("", ""), x=x, sizes=(1, 3), axis=1)
    y = bench.op(Concat, xs=(b, a), axis=1)
    y = bench.op(Slice, x=y, starts=(0, 3, 1), counts=(1, 4, 3), steps=(1, -1, 2))
    y = bench.op(Gather, x=y, indices=(3, 0, 0, 2), axis=1)
    y = bench.op(Transpose, x=y, permutation=(0, 2, 1))
    y = bench.op(Pad, x=y, begins=(0, 1, 0), ends=(0, 0, 2), value=0.5)
    y = bench.op(Expand, x=y, shape=(2, 4, 6))
    return bench.op(Reshape, x=y, shape=(1, 48))


def _one_hot(bench: Bench) -> str:
    """Of whole numbers (the observation's lie between -4 and 4), and what is none."""
    shifted = bench.op(Binary, a=bench.x, b=bench.builder.constant(np.float32(1.5)),
                       function="add")
    y = bench.op(OneHot, x=shifted, classes=3)
    y = bench.op(Transpose, x=y, permutation=(0, 3, 1, 2))
    return bench.op(Gemm, x=bench.op(Reshape, x=y, shape=(1, 18)), weight=bench.weight(4, 18))


def _moved(bench: Bench) -> str:
    """What moves elements between two layers, and joins constants and parts of other ranges."""
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(24, 6), bias=bench.weight(24))
    wide = bench.op(Unary, x=y, function=Activation("relu"))
    narrow = bench.op(Unary, x=y, function=Activation("tanh"))
    a, b = bench.builder.add_many(Split, ("", ""), x=narrow, sizes=(8, 16), axis=1)
    y = bench.op(Concat, xs=(bench.weight(1, 8), b, wide, a), axis=1)
    y = bench.op(Reshape, x=y, shape=(1, 7, 8))
    y = bench.op(Transpose, x=y, permutation=(0, 2, 1))
    y = bench.op(Slice, x=y, starts=(0, 7, 0), counts=(1, 4, 6), steps=(1, -2, 1))
    y = bench.op(Gather, x=y, indices=(3, 0, 0), axis=1)
    y = bench.op(Pad, x=y, begins=(0, 1, 0), ends=(0, 0, 0), value=0.25)
    y = bench.op(Reshape, x=y, shape=(1, 24))
    return bench.op(Gemm, x=y, weight=bench.weight(3, 24))


def _parts(bench: Bench) -> str:
    """An observation of an image, categories, and numbers, each for a layer of its own."""
    def part(start: int, count: int) -> str:
        return bench.op(Slice, x=bench.x, starts=(0, start), counts=(1, count), steps=(1, 1))

    image = bench.op(BatchNormalization, scale=bench.weight(2), shift=bench.weight(2), x=bench.op(
        Transpose, x=bench.op(Reshape, x=part(0, 18), shape=(1, 3, 3, 2)),
        permutation=(0, 3, 1, 2)))
    image = bench.op(Conv, x=image, weight=bench.weight(3, 2, 2, 2), bias=bench.weight(3),
                     strides=(2, 2), pads=(1, 1, 0, 0), dilations=(1, 1))
    image = bench.op(Reshape, x=bench.op(Unary, x=image, function=Activation("relu")),
                     shape=(1, 12))
    kinds = bench.op(Reshape, x=bench.op(OneHot, x=part(18, 2), classes=3), shape=(1, 6))
    kinds = bench.op(Gemm, x=kinds, weight=bench.weight(4, 6), bias=bench.weight(4))
    numbers = bench.op(Gemm, x=part(20, 4), weight=bench.weight(5, 4))
    y = bench.op(Concat, xs=(image, kinds, numbers, part(24, 2)), axis=1)
    return bench.op(Gemm, x=y, weight=bench.weight(4, 23), bias=bench.weight(4))


def _reductions(bench: Bench) -> str:
    parts = [bench.op(Reduce, x=bench.x, function=function, axes=axes, keep=False)
             for function in ("sum", "mean", "max", "min") for axes in ((1,), (2,), (1, 2))]
    flat = [bench.op(Reshape, x=part, shape=(1, int(np.prod(bench.builder.shape(part)))))
            for part in parts]
    return bench.op(Concat, xs=tuple(flat), axis=1)


def _matmul(bench: Bench) -> str:
    turned = bench.op(Transpose, x=bench.x, permutation=(0, 2, 1))
    y = bench.op(MatMul, a=bench.x, b=turned)
    y = bench.op(Softmax, x=y, axis=1)
    return bench.op(Reshape, x=y, shape=(1, 9))


def _mlp(bench: Bench) -> str:
    x, size = bench.x, bench.builder.shape(bench.x)[1]
    for width in (9, 6):
        x = bench.op(Gemm, x=x, weight=bench.weight(width, size), bias=bench.weight(width))
        x = bench.op(Unary, x=x, function=Activation("tanh"))
        size = width
    return bench.op(Gemm, x=x, weight=bench.weight(5, size), bias=bench.weight(5))


def _norms(bench: Bench) -> str:
    y = bench.op(BatchNormalization, x=bench.x, scale=bench.weight(4), shift=bench.weight(4))
    return bench.op(LayerNormalization, x=y, scale=bench.weight(4), bias=bench.weight(4), axis=1)


def _far(bench: Bench) -> str:
    """A large mean is subtracted first: two normalisations, which do not become one."""
    y = bench.op(BatchNormalization, x=bench.x, scale=bench.builder.constant(
        np.ones(6, np.float32)), shift=bench.builder.constant(np.full(6, -40, np.float32)))
    y = bench.op(BatchNormalization, x=y, scale=bench.builder.constant(np.full(6, 2, np.float32)),
                 shift=bench.builder.constant(np.full(6, 80, np.float32)))
    y = bench.op(Unary, x=y, function=Activation("clip", (-5.0, 5.0)))
    return bench.op(Gemm, x=y, weight=bench.weight(3, 6), bias=bench.weight(3))


def _layer_norms(bench: Bench) -> str:
    """Of sums, of a function in 8 or 16 bits, and of several rows; with and without a bias."""
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(12, 6), bias=bench.weight(12))
    y = bench.op(LayerNormalization, x=y, scale=bench.weight(12, scale=1.0),
                 bias=bench.weight(12), axis=1)
    y = bench.op(Gemm, x=y, weight=bench.weight(9, 12), bias=bench.weight(9),
                 activation=Activation("relu"))
    y = bench.op(Reshape, x=y, shape=(1, 3, 3))
    y = bench.op(LayerNormalization, x=y, scale=bench.weight(3, scale=1.0), axis=2, epsilon=1e-3)
    y = bench.op(Reshape, x=y, shape=(1, 9))
    return bench.op(Gemm, x=y, weight=bench.weight(5, 9))


def _experts(bench: Bench) -> str:
    """Three experts weighed by a softmax, in two ways, and norms of both kinds."""
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(12, 6), bias=bench.weight(12))
    latent = bench.op(L2Normalization, x=bench.op(Gemm, x=y, weight=bench.weight(8, 12)), axis=1,
                      floor=1e-12)
    latent = bench.op(Gemm, x=latent, weight=bench.weight(8, 8), bias=bench.weight(8))
    gate = bench.op(Softmax, x=bench.op(Gemm, x=y, weight=bench.weight(3, 12, scale=1.0)), axis=1)
    experts = bench.op(Gemm, x=y, weight=bench.weight(24, 12), bias=bench.weight(24),
                       activation=Activation("relu"))
    experts = bench.op(Reshape, x=experts, shape=(1, 3, 8))
    mixed = bench.op(MatMul, a=bench.op(Reshape, x=gate, shape=(1, 1, 3)), b=experts)
    mixed = bench.op(L2Normalization, x=mixed, axis=2, mean=True, epsilon=1e-6)
    weighed = bench.op(Binary, a=experts, b=bench.op(Reshape, x=gate, shape=(1, 3, 1)),
                       function="mul")
    parts = [bench.op(Reduce, x=weighed, function="sum", axes=(1,), keep=False),
             bench.op(Reduce, x=experts, function="mean", axes=(2,), keep=False)]
    y = bench.op(Concat, xs=(latent, bench.op(Reshape, x=mixed, shape=(1, 8)), *parts), axis=1)
    return bench.op(Gemm, x=y, weight=bench.weight(4, 27), bias=bench.weight(4))


def _attention(bench: Bench) -> str:
    """Four rows that attend to each other, a softmax along either axis, RMS norms by rows."""
    y = bench.op(Reshape, x=bench.op(Gemm, x=bench.x, weight=bench.weight(24, 6)),
                 shape=(1, 4, 6))
    q, k, v = (bench.op(Gemm, x=y, weight=bench.weight(n, 6), bias=bench.weight(n))
               for n in (5, 5, 3))
    scores = bench.op(MatMul, a=q, b=bench.op(Transpose, x=k, permutation=(0, 2, 1)))
    y = bench.op(MatMul, a=bench.op(Softmax, x=scores, axis=2), b=v)
    other = bench.op(Reshape, x=bench.op(Softmax, x=scores, axis=1), shape=(1, 16))
    y = bench.op(L2Normalization, x=y, axis=2, mean=True, epsilon=1e-5)
    y = bench.op(Concat, xs=(bench.op(Reshape, x=y, shape=(1, 12)), other), axis=1)
    return bench.op(Gemm, x=y, weight=bench.weight(5, 28), bias=bench.weight(5))


def _swap(bench: Bench) -> str:
    """States that take each other's value, and one that takes the observation's."""
    names = [bench.builder.state(name, (1, 3)) for name in ("first", "second", "last")]
    first, second, last = names
    bench.builder.carry(first, second, np.ones((1, 3), np.float32))
    bench.builder.carry(second, first, np.full((1, 3), 2, np.float32))
    bench.builder.carry(last, bench.x)
    return bench.op(Concat, xs=(first, second, last), axis=1)


def _rows(bench: Bench) -> str:
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(5, 4), activation=Activation("elu", (1.0,)))
    return bench.op(Reshape, x=y, shape=(1, 15))


def _masked(bench: Bench) -> Program:
    """Two heads, the mask last in the observation, and read by a layer that also normalises."""
    x = bench.op(BatchNormalization, x=bench.x, scale=bench.weight(6), shift=bench.weight(6))
    x = bench.op(Unary, x=x, function=Activation("clip", (-2.0, 2.0)))
    hidden = bench.op(Gemm, x=x, weight=bench.weight(8, 6), bias=bench.weight(8),
                      activation=Activation("tanh"))
    y = bench.op(Gemm, x=hidden, weight=bench.weight(7, 8), bias=bench.weight(7))
    return mask_actions(bench.program(y, Discrete((3, 4))))


def _hybrid(bench: Bench) -> Program:
    """A continuous action and two choices, which are masked."""
    hidden = bench.op(Gemm, x=bench.x, weight=bench.weight(8, 6), bias=bench.weight(8),
                      activation=Activation("tanh"))
    outputs = {"mean": bench.op(Gemm, x=hidden, weight=bench.weight(3, 8), bias=bench.weight(3)),
               "logits": bench.op(Gemm, x=hidden, weight=bench.weight(5, 8), bias=bench.weight(5))}
    action = Hybrid(Continuous(3, low=(-1.0,) * 3, high=(1.5,) * 3),
                    Discrete((2, 3)))
    return mask_actions(bench.builder.build(outputs, Contract((Field("obs", (6,)),), action)))


def _mask_inside(bench: Bench) -> Program:
    """The mask is in the middle of the observation, the layer reads it, too, and 1 forbids."""
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(4, 9), bias=bench.weight(4))
    return masked_by(bench.program(y), y, ActionMask(3, (4,), forbids=True))


CASES: dict[str, tuple[tuple[int, ...], Body]] = {
    "activations": ((1, 5), _activations),
    "arithmetic": ((1, 3, 4), _arithmetic),
    "attention": ((1, 6), _attention),
    "conv": ((1, 2, 7, 5), _conv(2)),
    "conv_1d": ((1, 2, 9), _conv(1, strides=(2,), pads=(1, 2))),
    # Five rows of 18 weights per group: the second group's would not begin at a word.
    "conv_groups": ((1, 6, 6, 5), _conv(2, group=2, filters=10, pads=(1, 0, 2, 1))),
    "conv_strides": ((1, 3, 9, 8), _conv(2, strides=(2, 3), dilations=(2, 1), pads=(1, 1, 1, 1))),
    "experts": ((1, 6), _experts),
    "far": ((1, 6), _far),
    "gemm_rows": ((1, 3, 4), _rows),
    "gru": ((1, 5), _gru),
    "gru_2_layers": ((1, 5), lambda bench: _gru(bench, 2)),
    "joined": ((1, 6), _joined),
    "hybrid": ((1, 6), _hybrid),
    "layer_norms": ((1, 6), _layer_norms),
    "lstm": ((1, 6), _lstm),
    "lstm_2_layers": ((1, 6), lambda bench: _lstm(bench, 2)),
    "mask_inside": ((1, 9), _mask_inside),
    "masked": ((1, 6), _masked),
    "matmul": ((1, 3, 4), _matmul),
    "min_gru": ((1, 6), _min_gru),
    "min_gru_2_layers": ((1, 6), lambda bench: _min_gru(bench, 2)),
    "mlp": ((1, 6), _mlp),
    "moved": ((1, 6), _moved),
    "movement": ((1, 4, 6), _movement),
    "norms": ((1, 4), _norms),
    "one_hot": ((1, 2, 3), _one_hot),
    "parts": ((1, 26), _parts),
    "reductions": ((1, 3, 4), _reductions),
    "residual": ((1, 6), _residual),
    "shared_state": ((1, 6), _shared_state),
    "stacked": ((1, 6), _stacked),
    "states_swap": ((1, 3), _swap),
}


QUANTIZED = [f"{case}_{scheme}"
             for case in ("mlp", "lstm", "lstm_2_layers", "gru_2_layers", "residual",
                          "min_gru_2_layers", "continuous", "conv", "conv_1d", "conv_groups",
                          "conv_strides", "moved", "parts", "layer_norms", "masked", "hybrid",
                          "mask_inside", "far", "joined", "shared_state", "stacked", "experts",
                          "attention")
             for scheme in ("int8", "int8x16", "int16", "mixed")]
"""Cases in integers; :func:`program` makes them too."""


def program(name: str) -> Program:
    """The Program of a case."""
    if name in QUANTIZED:
        return _quantized(*name.rsplit("_", 1))
    shape, body = CASES[name]
    bench = Bench(shape)
    made = body(bench)
    return made if isinstance(made, Program) else bench.program(made)


@cache
def _quantized(case: str, scheme: str) -> Program:
    """Made once, as it takes a while; so its arrays are for reading."""
    order = ("int8", "int16", "int8x16") if case == "mlp" else ("int16", "int8", "int8x16")
    made = in_integers(continuous() if case == "continuous" else program(case), scheme, order)
    for array in made.constants.values():
        array.setflags(write=False)
    return made


def permitted(program: Program, x: np.ndarray) -> np.ndarray:
    """Observations [..., n] whose mask, if there is one, allows everything but the first choice."""
    mask = program.contract.mask
    if mask is None:
        return x
    found = mask.permitting(x)
    found[..., mask.start] = 1 - found[..., mask.start]
    return found


def in_integers(floating: Program, scheme: str, order: tuple[str, ...] = ()) -> Program:
    """A Program in integers, calibrated over random observations; ``order`` is for mixed."""
    prepared = optimize(floating, fuse=False)
    random = np.random.default_rng(2)
    observations = random.standard_normal(
        (64, floating.contract.observation_size)).astype(np.float32)
    if floating.contract.mask is not None:
        observations = floating.contract.mask.at_random(observations, random)
    calibration = calibrate(prepared, observations, np.arange(64) % 16 == 0)
    if scheme != "mixed":
        return quantize(prepared, calibration, SCHEMES[scheme])
    # Every layer another scheme, so that kernels meet whose input and output differ in width.
    linear = [i for i, op in enumerate(prepared.ops)
              if isinstance(op, Conv | Gemm | GRUCell | LSTMCell | MinGRUCell)]
    names = {index: f"layer {i}" for i, index in enumerate(linear)}
    named = prepared.with_ops(replace(op, layer=names.get(i, op.layer))
                              for i, op in enumerate(prepared.ops))
    return quantize(named, calibration, SCHEMES["int8"], {
        name: SCHEMES[order[i % len(order)]] for i, name in enumerate(names.values())})


def continuous(**head) -> Program:
    """An MLP with a continuous action of 5 elements."""
    bench = Bench((1, 6))
    return bench.program(_mlp(bench), Continuous(5, **head))


def multi_discrete() -> Program:
    """An MLP with two heads."""
    bench = Bench((1, 6))
    return bench.program(_mlp(bench), Discrete((2, 3)))
