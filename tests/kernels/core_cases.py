# SPDX-License-Identifier: MIT
"""Calls of kernels that cores of boards have forms of, beside those of ``test_guarded``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.ops.conv import sizes
from puffer_edge.exporters.c.packing import (
    blocks_of_groups,
    flushed_blocks,
    gates_of_units_flushed,
    rounded_bias,
)
from puffer_edge.ir import Value
from puffer_edge.ir.ops import Conv, Gemm, GemmInteger, LSTMCell
from tests.exporters.integer_conv_cases import OTHER, Shape
from tests.exporters.integer_kernel_cases import SCHEMES, Header, qparams_of
from tests.kernels.guarded import Case
from tests.kernels.test_guarded import CONV, calls, words

GEMM = "@gemm_KIND(a[0], a[1], a[2], a[3], a[4], n[0], n[1], n[2], n[3], n[4]);"
TABLE = "@table_KIND(a[0], (const int16_t *)a[1] + n[2], n[3] ? a[0] : a[2], n[0], n[1]);"
QUANTIZE = """float f[2]; memcpy(f, a[2], 8);
@quantize_KIND(a[0], a[1], n[0], f[0], f[1], n[1], n[2]);"""
FINITE = "*(int32_t *)a[1] = @all_finite_f32(a[0], n[0]);"
FLUSHED = "@gemm_flushed_f32(a[0], a[1], a[2], a[3], n[0], n[1]);"
LSTM_FLUSHED = """@lstm_cell_flushed_f32(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], n[0],
n[1]);"""
CONV_FLUSHED = "@conv_flushed_f32(a[0], a[1], a[2], a[3], a[4], a[5]);"
WEIGHTS = {"lstm": (3, 4), "gru": (3, 4), "min": (2,), "conv": (1,), "gemm": (1,)}
"""Which arrays of a call hold weights, which begin at words on a core."""
PATCHES = (
    Shape((2, 5, 7), (2, 3), 4, pads=(1, 1, 1, 1)),
    Shape((1, 6, 6), (3, 2), 5, (2, 1), (0, 1, 2, 0), (2, 1)),
    Shape((1, 4, 6), (2, 3), 4, (1, 1), (1, 0, 0, 1), (1, 2)),
    Shape((1, 3, 20), (2, 17), 4, pads=(0, 1, 1, 0)),
    Shape((2, 3, 12), (1, 9), 6, (2, 2), group=2),
    Shape((4, 5, 3), (4, 3), 9, (1, 2), (3, 2, 2, 1)),
    Shape((3, 2, 2), (2, 2), 6, pads=(1, 1, 1, 1), group=3))
"""What a patch sees at and beyond each edge, and rows of up to 17 elements."""


def core_calls() -> dict[str, tuple[str, str]]:
    """Every kernel that a core may have in a form of its own."""
    kinds = [f"{kind}{to}" for kind in SCHEMES for to in ("", f"_to_s{other(kind)}")]
    found = calls("portable")
    for kernel, statement in (("gemm", GEMM), ("conv", CONV)):
        found |= {f"{kernel}_{kind}": (f"{kernel}_{kind}", statement.replace("KIND", kind))
                  for kind in kinds}
    found |= {f"table_{kind}": (f"table_{kind}", TABLE.replace("KIND", kind))
              for kind in ("s8", "s8_to_s16", "s16", "s16_to_s8")}
    found |= {f"quantize_{kind}": (f"quantize_{kind}", QUANTIZE.replace("KIND", kind))
              for kind in ("s8", "s16")}
    return found | {"all_finite": ("all_finite_f32", FINITE),
                    "flushed_gemm": ("gemm_flushed_f32", FLUSHED),
                    "flushed_lstm": ("lstm_cell_flushed_f32", LSTM_FLUSHED),
                    "flushed_conv": ("conv_flushed_f32", CONV_FLUSHED)}


def other(kind: str) -> int:
    """Bits of the other type than a scheme's activations have."""
    return 16 if SCHEMES[kind][0] == "int8" else 8


def layers(made: Header) -> Iterator[Case]:
    """Linear layers of every rest of rows and columns."""
    for kind, (activation, weight_type) in SCHEMES.items():
        for k, n in [(k, 1 + k % 7) for k in range(1, 18)] + [(33, 6), (67, 9)]:
            written = OTHER[activation] if k % 2 else activation
            weight, bias, bound = made.matrix((activation, weight_type), n, k)
            q = made.factors(n, bound, (-26, -13 if written == "int16" else -20))
            op = GemmInteger(x="x", weight="w", bias="b", requantization="q", y="y", dtype=written,
                             quantization=qparams_of(written))
            for x in made.integers(activation, k):
                (y,) = op.evaluate([x, weight, bias, q])
                limits = op.quantization
                yield (f"gemm_{kind}{f'_to_s{written[3:]}' if k % 2 else ''}",
                       [x, blocks_of_groups(weight, kind), rounded_bias(bias, q).astype(np.int32),
                        words(q), np.zeros_like(y)],
                       [k, n, limits.zero_point, limits.low, limits.high], {4: y})


def tables(random: np.random.Generator) -> Iterator[Case]:
    """Lines between entries, half up; without a fraction the last entry is the table's end."""
    for size in range(1, 20):
        for kind in ("s8", "s8_to_s16", "s16", "s16_to_s8"):
            dtype, written = (np.dtype(f"int{part.removeprefix('s')}")
                              for part in (kind.split("_to_") * 2)[:2])
            bits = int(random.integers(0, 9)) if size % 4 else 0
            low, high = (int(np.clip(end, *(each * 300 << bits for each in (-1, 1))))
                         for end in (np.iinfo(dtype).min, np.iinfo(dtype).max))
            first, last = low >> bits, (high >> bits) + (bits > 0)
            ends = np.iinfo(written)
            table = random.integers(ends.min, ends.max + 1, last - first + 1)
            if size % 3:
                table = np.where(random.random(table.size) < 0.5, ends.min, ends.max)
            x = random.integers(low, high + 1, size)
            x[:2] = (low, high)[:size]
            at, part = x // 2**bits - first, x % 2**bits / 2**bits
            end = np.minimum(at + 1, table.size - 1)
            y = np.floor(table[at] + (table[end] - table[at]) * part + 0.5).astype(written)
            itself = int(dtype == written and size % 2)
            yield (f"table_{kind}",
                   [x.astype(dtype), table.astype(np.int16), np.zeros(size, written)],
                   [size, bits, -first, itself], {0 if itself else 2: y})


def quantized(random: np.random.Generator) -> Iterator[Case]:
    """Floats to integers: halves, the ends of the range, what no integer stands for.

    A factor that is subnormal is of no scale that a range of floats has; Helium takes it for 0.
    """
    special = np.array([0.0, -0.0, 1e-45, -1e-40, 1e38, -1e38, np.inf, -np.inf, np.nan, 0.5, -0.5,
                        1.5, -1.5, 2147483648.0, -2147483648.0, 65536.0, 1e10], np.float32)
    for size in (*range(1, 18), 35):
        for kind in ("s8", "s16"):
            ends = np.iinfo(f"int{kind[1:]}")
            low, high = (ends.min, ends.max) if size % 2 else (ends.min + 3, ends.max - 5)
            x = random.standard_normal(size) * 10.0 ** random.integers(-2, 6)
            x = np.where(random.random(size) < 0.3, random.choice(special, size), x)
            if size % 3 == 0:
                x = np.rint(x * 2) / 2
            f = np.array(random.choice([1.0, 0.37, -3.0, 1.2e-38, 1e30, 0.0, -1e9]), np.float32)
            o = np.array(random.choice([0.0, 0.5, -100.25, 1e-40, 32768.0, 3e9]), np.float32)
            x = x.astype(np.float32)
            with np.errstate(all="ignore"):
                v = np.float32(x * f) + o
                positive = np.clip(v, np.float32(low), np.float32(high)) + np.float32(32768.5)
            y = np.where(np.isnan(v), low, np.floor(np.nan_to_num(positive)) - 32768)
            y = y.astype(ends.dtype)
            yield (f"quantize_{kind}", [x, np.zeros_like(y), np.array([f, o], np.float32)],
                   [size, low, high], {1: y})


def finite(random: np.random.Generator) -> Iterator[Case]:
    """One element that is none, at any place of any number of them."""
    for size in range(20):
        for bad in (None, np.nan, -np.inf, np.inf, np.finfo(np.float32).max, -1e-45):
            x = random.standard_normal(size).astype(np.float32)
            if bad is not None and size:
                x[int(random.integers(size))] = bad
            yield ("all_finite", [x, np.zeros(1, np.int32)], [size],
                   {1: np.array([np.isfinite(x).all()], np.int32)})


def tiny(random: np.random.Generator, *shape: int) -> Array:
    """Factors with products around the smallest normal number, and at once it or just below it."""
    exponents = random.integers(-66, -60, shape)
    exponents[random.random(shape) < 0.1] = -132
    found = random.standard_normal(shape) * 2.0 ** exponents
    beside = random.choice([(1 + 2.0**-23) * 2.0**-63, (1 - 2.0**-23) * 2.0**-63, -2.0**-63,
                            (1 + 2.0**-22) * 2.0**-63, (1 - 2.0**-22) * 2.0**-63, 0.0], shape)
    return np.where(random.random(shape) < 0.3, beside, found).astype(np.float32)


def starts(random: np.random.Generator, size: int) -> Array:
    """What such sums begin with: zeros mostly, which hide no product."""
    tiniest = np.finfo(np.float32).tiny
    return random.choice(np.array([0, 0, -0.0, tiniest, -tiniest, tiniest / 2, 3e-38],
                                  np.float32), size)


def flushed(random: np.random.Generator) -> Iterator[Case]:
    """Sums in Helium's floats, of subnormal numbers and beside them."""
    for n in (*range(1, 22), 35):
        k = (1, 2, 3, 4, 7, 9)[n % 6]
        x, weight, start = tiny(random, k), tiny(random, n, k), starts(random, n)
        bias = start if n % 3 else None
        gemm = Gemm(x="x", weight="w", bias="b" if n % 3 else "", y="y", flush=True)
        (y,) = gemm.evaluate([x[None], weight, bias])
        yield ("flushed_gemm", [x, flushed_blocks(weight), bias, np.full(n, np.nan, np.float32)],
               [k, n], {3: y.reshape(-1)})
    cell = LSTMCell(x="x", h="h", c="c", weight="w", recurrent="r", bias="b", y_h="y", y_c="z",
                    flush=True)
    for n in (1, 3, 4, 5, 9):
        for k in (1, 6):
            x, h, c = (random.standard_normal(size).astype(np.float32) for size in (k, n, n))
            w, r, b = (random.standard_normal((4 * n, size)).astype(np.float32)
                       for size in (k, n, 1))
            y_h, y_c = cell.evaluate([x[None], h[None], c[None], w, r, b[:, 0]])
            w, r = map(gates_of_units_flushed, (w, r))
            b = gates_of_units_flushed(b)
            yield ("flushed_lstm", [x, h, c, w, r, b, np.zeros_like(y_h), np.zeros_like(y_c)],
                   [k, n], {6: y_h, 7: y_c})
    for filters, group, biased in ((1, 1, 1), (4, 2, 0), (18, 1, 1), (38, 2, 1), (16, 1, 0)):
        conv = Conv(x="x", weight="w", bias="b" if biased else "", y="y", strides=(1, 2),
                    pads=(1, 0, 0, 1), dilations=(1, 1), group=group, flush=True)
        image, weight = tiny(random, 1, 2, 3, 4), tiny(random, filters, 2 // group, 2, 2)
        bias = starts(random, filters) if biased else None
        (y,) = conv.evaluate([image, weight, bias])
        groups = weight.reshape(group, filters // group, -1)
        members = sizes(conv, Value("x", image.shape), Value("y", y.shape), weight.shape)
        yield ("flushed_conv", [image, np.concatenate([flushed_blocks(each) for each in groups]),
                                bias, np.zeros(groups.shape[2], np.float32), np.zeros_like(y),
                                np.array(members, np.int32)], [], {3: None, 4: y})
