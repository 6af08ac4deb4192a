# SPDX-License-Identifier: MIT
"""Kernels on memory that ends where their arrays do, by vector units, against the oracle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.ops.conv import sizes
from puffer_edge.exporters.c.ops.conv_integer import aligned
from puffer_edge.exporters.c.ops.gru_cell_integer import packed_units
from puffer_edge.exporters.c.packing import (
    blocks_of_four,
    blocks_of_groups,
    gates_of_units,
    rounded_bias,
    units_first,
    units_of_four,
)
from puffer_edge.ir import Value, ordered
from puffer_edge.ir.ops import (
    Conv,
    ConvInteger,
    GRUCellInteger,
    LSTMCell,
    LSTMCellInteger,
    MinGRUCellInteger,
)
from puffer_edge.ir.requantization import choose
from tests.exporters.integer_conv_cases import OTHER, SHAPES, Shape
from tests.exporters.integer_kernel_cases import SCHEMES, TANH, Header, qparams_of
from tests.kernels.guarded import UNITS, Case, Guarded
from tests.tools import need, need_instructions

LSTM = """const @lstm_t p = {a[5], a[6], a[7], a[8], a[9], *(const @requantize_t *)n, n[1], n[2],
n[3], n[4], n[5], n[6], n[7], n[8]}; @lstm_cell_KIND(a[0], a[1], a[2], a[3], a[4], &p, a[10],
a[11]);"""
GRU = """const @gru_t p = {a[5], a[6], a[7], a[8], a[9], *(const @requantize_t *)n, n[1], n[2],
n[3], n[4], n[5], n[6], n[7]}; @gru_cell_KIND(a[0], a[1], a[2], a[3], a[4], &p, a[10], a[11]);"""
MIN_GRU = """const @min_gru_t p = {a[3], a[4], a[5], n[1], n[2], n[3], *(const @requantize_t *)n,
n[4], n[5], n[6], n[7], n[8], n[9]}; @min_gru_cell_KIND(a[0], a[1], a[2], &p, a[6], a[7]);"""
CONV = "@conv_KIND(a[0], a[1], a[2], a[3], a[4], a[5], a[6], n[0], n[1], n[2], n[3]);"
GEMM_F32 = "@gemm_f32(a[0], a[1], n[2] ? a[3] : a[2], a[3], n[0], n[1]);"
LSTM_F32 = ("@lstm_cell_f32(a[0], a[1], a[2], a[3], a[4], a[5], a[6], n[2] ? a[2] : a[7], n[0], "
            "n[1]);")
CONV_F32 = "@conv_f32(a[0], a[1], a[2], a[3], a[4], a[5]);"


def calls(unit: str) -> dict[str, tuple[str, str]]:
    """What a unit's part of the program has; the least that all its vectors are in."""
    found = {f"lstm_{kind}": (f"lstm_cell_{kind}", LSTM.replace("KIND", kind)) for kind in SCHEMES}
    if unit != "avx512bw":
        found |= {"gemm_f32": ("gemm_f32", GEMM_F32), "lstm_f32": ("lstm_cell_f32", LSTM_F32)}
    if unit == "portable":
        found |= {"conv_f32": ("conv_f32", CONV_F32)}
        found |= {f"gru_{kind}": (f"gru_cell_{kind}", GRU.replace("KIND", kind))
                  for kind in ("s8x16", "s16")}
        found |= {f"min_gru_{kind}": (f"min_gru_cell_{kind}", MIN_GRU.replace("KIND", kind))
                  for kind in SCHEMES}
    for kind in SCHEMES if unit != "portable" else ("s8", "s8x16"):
        found[f"conv_{kind}"] = f"conv_{kind}", CONV.replace("KIND", kind)
    other = "s8_to_s16"
    return found | {f"conv_{other}": (f"conv_{other}", CONV.replace("KIND", other))}


UNITS_HERE = tuple(unit for unit in UNITS if unit != "sse2")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    need("gcc")
    need_instructions("sse2")
    return Guarded(tmp_path_factory.mktemp("guarded"), {unit: calls(unit) for unit in UNITS_HERE})


def words(rows: Array) -> Array:
    """Multiplier, pre-shift and shift as the kernels have them, one word each."""
    m, before, shift = rows.reshape(-1, 3).astype(np.int64).T
    return (before | shift << 8 | (m & 0xFFFF) << 16).astype(np.uint32)


def word(row: Any) -> list[int]:
    """The same of one, and the rounding of its first shift."""
    return [int(words(np.array(row)).view(np.int32)[0]), 1 << int(row[1]) >> 1]


def inputs(made: Header, *kinds: tuple[str, int]) -> Iterator[list[Array]]:
    """Some integers of each type and number, at the extremes."""
    yield from map(list, zip(*(made.integers(*kind) for kind in kinds), strict=True))


def lstm(made: Header, kind: str, size: int, hidden: int, cell_bits: int, alike: bool
         ) -> Iterator[Case]:
    activation, weight_type = SCHEMES[kind]
    qparams = qparams_of(activation)
    matrices = [list(made.matrix((activation, weight_type), 4 * hidden, columns))
                for columns in (size, hidden)]
    factors = [made.factors(4 * hidden, m[2], (-18, -3)) for m in matrices]
    if alike:  # one recurrent bias for all units
        matrices[1][1] = np.repeat(matrices[1][1][:4], hidden)
        matrices[1][0] = matrices[1][0] // 2
        matrices[1][1] //= 2
        factors[1] = np.repeat(factors[1][:4], hidden, axis=0)
    output = choose(2.0 ** (-21 if kind == "s8" else -13), 2**29)
    op = LSTMCellInteger(
        x="x", h="h", c="c", weight="w", recurrent="r", bias="b", recurrent_bias="rb",
        requantization="q", recurrent_requantization="rq", table="t", output="o", y_h="y",
        y_c="yc", cell_bits=cell_bits, dtype=activation, quantization=qparams)
    w, r = (blocks_of_groups(units_first(m[0]), kind) for m in matrices)
    b, rb = (units_first(rounded_bias(m[1], f)).astype(np.int32)
             for m, f in zip(matrices, factors, strict=True))
    q, rq = (words(units_first(f)) for f in factors)
    for x, h, c in inputs(made, (activation, size), (activation, hidden), ("int16", hidden)):
        y_h, y_c = op.evaluate([x, h, c, matrices[0][0], matrices[1][0], matrices[0][1],
                                matrices[1][1], *factors, TANH, np.array(output, np.int32)])
        yield (f"lstm_{kind}", [x, h, c, w, r, b, rb[:4] if alike else rb, q, rq, TANH,
                                np.zeros_like(y_h), np.zeros_like(y_c)],
               [*word(output), 0 if alike else 4, size, hidden, cell_bits, qparams.zero_point,
                qparams.low, qparams.high], {10: y_h, 11: y_c})


def gru(made: Header, kind: str, size: int, hidden: int, reset_bits: int) -> Iterator[Case]:
    activation, weight_type = SCHEMES[kind]
    qparams = qparams_of(activation)
    matrices = [made.matrix((activation, weight_type), 3 * hidden, columns)
                for columns in (size, hidden)]
    factors = [made.factors(3 * hidden, m[2], (-18, -3)) for m in matrices]
    output = choose(1.9 ** -5, 2**15)
    op = GRUCellInteger(
        x="x", h="h", memory="m", weight="w", recurrent="r", bias="b", recurrent_bias="rb",
        requantization="q", recurrent_requantization="rq", table="t", output="o", y="y",
        y_memory="ym", reset_bits=reset_bits, dtype=activation, quantization=qparams)
    w, r = (packed_units(m[0], kind) for m in matrices)
    b, rb = (np.concatenate(units_of_four(rounded_bias(m[1], f))).astype(np.int32)
             for m, f in zip(matrices, factors, strict=True))
    q, rq = (words(np.concatenate(units_of_four(f))) for f in factors)
    for x, h, m in inputs(made, (activation, size), (activation, hidden), ("int16", hidden)):
        y, memory = op.evaluate([x, h, m, matrices[0][0], matrices[1][0], matrices[0][1],
                                 matrices[1][1], *factors, TANH, np.array(output, np.int32)])
        yield (f"gru_{kind}", [x, h, m, w, r, b, rb, q, rq, TANH, np.zeros_like(y),
                               np.zeros_like(memory)],
               [*word(output), size, hidden, reset_bits, qparams.zero_point, qparams.low,
                qparams.high], {10: y, 11: memory})


def min_gru(made: Header, kind: str, hidden: int, bits: int) -> Iterator[Case]:
    activation, weight_type = SCHEMES[kind]
    qparams = qparams_of(activation)
    weight, bias, bound = made.matrix((activation, weight_type), 3 * hidden, hidden)
    q = made.factors(3 * hidden, bound, (-18, -3))
    output = choose(2.0 ** (-9 if kind == "s8" else 0), 2**15)
    factor = (255, -9, 1) if kind == "s8" else (8191, 1 << 12, 13)
    op = MinGRUCellInteger(
        x="x", h="h", weight="w", bias="b", requantization="q", table="t", factor="f",
        output="o", y="y", y_h="yh", bits=bits, dtype=activation, quantization=qparams)
    b, rows = (np.concatenate(units_of_four(each)) for each in (rounded_bias(bias, q), q))
    for x, h in inputs(made, (activation, hidden), ("int16", hidden)):
        h = h.clip(min=-32767)
        y, y_h = op.evaluate([x, h, weight, bias, q, TANH, np.array(factor, np.int32),
                              np.array(output, np.int32)])
        first, rounding = word(output)
        yield (f"min_gru_{kind}", [x, h, packed_units(weight, kind), b.astype(np.int32),
                                   words(rows), TANH, np.zeros_like(y), np.zeros_like(y_h)],
               [first, *factor, rounding, hidden, bits, qparams.zero_point, qparams.low,
                qparams.high], {6: y, 7: y_h})


def conv(made: Header, kind: str, shape: Shape, other: bool) -> Iterator[Case]:
    activation, weight_type = SCHEMES[kind]
    written = OTHER[activation] if other else activation
    depth = shape.image[0] // shape.group * int(np.prod(shape.kernel))
    weight, bias, bound = made.matrix((activation, weight_type), shape.filters, depth)
    q = made.factors(shape.filters, bound, (-26, -13 if written == "int16" else -20))
    qparams, padding = qparams_of(written), int(made.random.integers(-128, 128))
    op = ConvInteger(x="x", weight="w", bias="b", requantization="q", y="y",
                     strides=shape.strides, pads=shape.pads, dilations=shape.dilations,
                     group=shape.group, padding=padding, dtype=written, quantization=qparams)
    weight = weight.reshape(shape.filters, -1, *shape.kernel)
    groups = weight.reshape(shape.group, shape.filters // shape.group, depth)
    w = np.concatenate([aligned(each, "s16" if kind == "s16" else "s8x16") for each in groups])
    for x in made.integers(activation, int(np.prod(shape.image))):
        image = x.reshape(1, *shape.image)
        (y,) = op.evaluate([image, weight, bias, q])
        members = sizes(op, Value("x", image.shape), Value("y", y.shape), weight.shape)
        yield (f"conv_{kind}{f'_to_s{written[3:]}' if other else ''}",
               [x, w, rounded_bias(bias, q).astype(np.int32), words(q),
                np.zeros(2 * (depth + depth % 2), np.int16), np.zeros_like(y.reshape(-1)),
                np.array(members, np.int32)],
               [padding, qparams.zero_point, qparams.low, qparams.high], {4: None, 5: y})


CELLS = ((1, 1), (3, 2), (5, 4), (4, 7), (9, 13), (2, 16), (7, 21), (16, 35))
FILTERS = (1, 3, 4, 7, 16, 20, 35)


def integer_cases(unit: str) -> Iterator[Case]:
    made, known = Header(5), calls(unit)
    for index, (size, hidden) in enumerate(CELLS):
        for kind in SCHEMES:
            for cell_bits in (5, 12, 14):
                yield from lstm(made, kind, size, hidden, cell_bits, alike=cell_bits == 12)
            if unit == "portable":
                yield from min_gru(made, kind, hidden, (0, 3, 10, 11, 12, 14)[index % 6])
                if kind != "s8":
                    yield from gru(made, kind, size, hidden, (0, 5, 12)[index % 3])
    shapes = [*SHAPES, *(Shape((2, 4, 5), (2, 3), filters, pads=(0, 1, 0, 0), dilations=(1, 1))
                         for filters in FILTERS)]
    for shape in shapes:
        for kind in SCHEMES:
            for other in (False, True):
                for case in conv(made, kind, shape, other):
                    if case[0] in known:
                        yield case


@pytest.mark.parametrize("unit", UNITS_HERE)
def test_integers(guarded: Guarded, unit: str) -> None:
    guarded.judge(unit, list(integer_cases(unit)))


def numbers(random: np.random.Generator, *shape: int) -> Array:
    """Float32 numbers, some of them zeros of either sign, or subnormal."""
    found = random.standard_normal(shape).astype(np.float32)
    kind = random.integers(0, 30, shape)
    for index, factor in enumerate((0.0, -0.0, 1e-42)):
        found = np.where(kind == index, found * np.float32(factor), found)
    return found


def float_cases(unit: str) -> Iterator[Case]:
    random = np.random.default_rng(6)
    for n in (*range(1, 34), 44, 67):
        k = (1, 2, 7)[n % 3]
        x, weight, bias = (numbers(random, *shape) for shape in ((k,), (n, k), (n,)))
        for start, itself in ((bias, 0), (None, 0), (bias, 1)):
            y = bias if itself else np.full(n, np.nan, np.float32)
            first = np.float32(0) if start is None else bias
            yield ("gemm_f32", [x, blocks_of_four(weight), start, y], [k, n, itself],
                   {3: ordered.dot(x[None], weight, first)[0]})
    op = LSTMCell(x="x", h="h", c="c", weight="w", recurrent="r", bias="b", y_h="y", y_c="z")
    for n in (1, 2, 7, 8, 9, 16, 19):
        for k in (1, 6):
            x, h, c = (numbers(random, size) for size in (k, n, n))
            w, r, b = (numbers(random, 4 * n, size) for size in (k, n, 1))
            y_h, y_c = op.evaluate([x[None], h[None], c[None], w, r, b[:, 0]])
            for itself in (0, 1):  # c becomes the new cell where it is
                nothing = np.zeros(n, np.float32)
                yield ("lstm_f32", [x, h, c, *map(gates_of_units, (w, r, b)), nothing, nothing],
                       [k, n, itself], {6: y_h, 2 if itself else 7: y_c})
    if unit == "portable":
        for shape in SHAPES:
            for biased in (False, True):
                yield float_conv(random, shape, biased)


def float_conv(random: np.random.Generator, shape: Shape, biased: bool) -> Case:
    op = Conv(x="x", weight="w", bias="b" if biased else "", y="y", strides=shape.strides,
              pads=shape.pads, dilations=shape.dilations, group=shape.group)
    image = numbers(random, 1, *shape.image)
    weight = numbers(random, shape.filters, shape.image[0] // shape.group, *shape.kernel)
    bias = numbers(random, shape.filters) if biased else None
    (y,) = op.evaluate([image, weight, bias])
    members = sizes(op, Value("x", image.shape), Value("y", y.shape), weight.shape)
    groups = weight.reshape(shape.group, shape.filters // shape.group, -1)
    return ("conv_f32", [image, np.concatenate([blocks_of_four(each) for each in groups]), bias,
                         np.zeros(groups.shape[2], np.float32), np.zeros_like(y),
                         np.array(members, np.int32)], [], {3: None, 4: y})


@pytest.mark.parametrize("unit", [unit for unit in UNITS_HERE if unit != "avx512bw"])
def test_floats(guarded: Guarded, unit: str) -> None:
    guarded.judge(unit, list(float_cases(unit)))
