# SPDX-License-Identifier: MIT
"""Tables, cells, halves and kernels of many rows on memory that ends where their arrays do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.ops.conv import Layout, sizes
from puffer_edge.exporters.c.packing import (
    blocks_of_four,
    filled,
    gates_of_units,
    wide_blocks,
    wide_gates_of_units,
)
from puffer_edge.ir import Value, ordered
from puffer_edge.ir.functions.piecewise import relu_f32
from puffer_edge.ir.ops import Conv, GRUCell, LSTMCell, MinGRUCell
from tests.exporters.integer_conv_cases import Shape
from tests.kernels.guarded import UNITS, Case, Guarded
from tests.kernels.test_guarded import numbers
from tests.tools import need, need_instructions

TABLES: dict[str, tuple[Any, Any]] = {
    "s8": (np.int8, np.int8), "s16": (np.int16, np.int16), "s8_to_s16": (np.int8, np.int16),
    "s16_to_s8": (np.int16, np.int8)}
"""Of what is looked up, and of what is found."""
TABLE = "@table_KIND(a[0], (const int16_t *)a[1] + n[2], n[3] ? a[0] : a[2], n[0], n[1]);"


def call(name: str, *given: str) -> tuple[str, str]:
    """The kernel and a call of it; pointers and numbers in their order, or as they are given."""
    return name, f"@{name}({', '.join(given)});"


def listed(kinds: str) -> list[str]:
    """``p`` is the next array, ``i`` the next number."""
    return [f"{'a' if kind == 'p' else 'n'}[{kinds[:at].count(kind)}]"
            for at, kind in enumerate(kinds)]


def calls(unit: str) -> dict[str, tuple[str, str]]:
    """What a unit's part of the program has."""
    found = {f"table_{kind}": (f"table_{kind}", TABLE.replace("KIND", kind)) for kind in TABLES}
    if unit == "portable":
        for half in ("f32", "f16"):
            found[f"gru_{half}"] = call(f"gru_cell_{half}", *listed("ppppppppii"))
            found[f"min_gru_{half}"] = call(f"min_gru_cell_{half}", *listed("ppppppi"))
        found["gemm_f16"] = call("gemm_f16", "a[0]", "a[1]", "n[2] ? a[3] : a[2]", "a[3]", "n[0]",
                                 "n[1]")
        found["lstm_f16"] = call("lstm_cell_f16", *listed("ppppppppii"))
        return found
    found["gemm"] = call("gemm_wide_f32", "a[0]", "n[0]", "a[1]", "a[2]", "n[1] ? a[4] : a[3]",
                         *(f"n[{i}]" if i else "a[4]" for i in (2, 0, 3, 4, 5, 6, 7)))
    found["lstm"] = call("lstm_cell_wide_f32", *listed("pipipippppipiiii"))
    found["gru"] = call("gru_cell_wide_f32", *listed("pipipppppipiiii"))
    found["min_gru"] = call("min_gru_cell_wide_f32", *listed("pipippipipiii"))
    found["conv"] = call("conv_wide_f32", *listed("pipppppiipiiipi"))
    return found


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    need("gcc")
    need_instructions("sse2")
    return Guarded(tmp_path_factory.mktemp("guarded"), {unit: calls(unit) for unit in UNITS})


def table_cases() -> Iterator[Case]:
    """A straight line between two entries, rounded: in real numbers, exact."""
    random = np.random.default_rng(1)
    for (kind, (x_type, y_type)), bits in product(TABLES.items(), (0, 1, 5, 8)):
        low = max(-128 << bits, int(np.iinfo(x_type).min))
        first, ends = low >> bits, ((-low - 1) >> bits) + (bits > 0)
        entries = np.arange(first, ends + 1)
        limits = np.iinfo(y_type)
        table = random.integers(limits.min, limits.max + 1, len(entries), np.int16)
        table[1::5] = limits.max
        for size in (1, 2, 3, 15, 16, 17, 18, 31, 32, 33, 35):
            x = random.integers(low, -low, size).astype(x_type)
            x[-1] = random.choice([low, -low - 1])  # the first entry, or the last one
            y = np.floor(np.interp(x / 2**bits, entries, table) + 0.5).astype(y_type)
            itself = x_type == y_type and size % 2
            yield (f"table_{kind}", [x, table, np.zeros_like(y)],
                   [size, bits, -first, int(itself)], {0 if itself else 2: y})


@pytest.mark.parametrize("unit", UNITS)
def test_tables(guarded: Guarded, unit: str) -> None:
    guarded.judge(unit, list(table_cases()))


def narrow_cases() -> Iterator[Case]:
    """Kernels of one row, of floats and of halves."""
    random = np.random.default_rng(2)

    def stored(weight: Array, half: str) -> Array:
        return weight.astype(np.float16).view(np.uint16) if half == "f16" else weight

    lstm = LSTMCell(x="x", h="h", c="c", weight="w", recurrent="r", bias="b", y_h="y", y_c="z")
    gru = GRUCell(x="x", h="h", weight="w", recurrent="r", bias="b", recurrent_bias="c", y="y")
    min_gru = MinGRUCell(x="x", h="h", weight="w", y="y", y_h="z")
    for n, k, half in product((1, 2, 4, 7, 16), (1, 8, 35), ("f32", "f16")):
        w, r, b = (numbers(random, 4 * n, size).astype(np.float16).astype(np.float32)
                   for size in (k, n, 2))
        w[1::3] *= np.float32(2.0**-19)  # subnormal as halves
        w = w.astype(np.float16).astype(np.float32)
        x, h, c = (numbers(random, size) for size in (k, n, n))
        nothing = np.zeros(n, np.float32)
        if half == "f16":
            for start, itself in ((b[:n, 0].copy(), 0), (None, 0), (b[:n, 0].copy(), 1)):
                y = start if itself else nothing
                begin = np.float32(0) if start is None else start
                yield ("gemm_f16", [x, stored(blocks_of_four(w[:n]), half), start, y],
                       [k, n, itself], {3: ordered.dot(x[None], w[:n], begin)[0]})
            y_h, y_c = lstm.evaluate([x[None], h[None], c[None], w, r, b[:, 0]])
            packed = [stored(gates_of_units(each), half) for each in (w, r)]
            yield ("lstm_f16", [x, h, c, *packed, gates_of_units(b[:, :1]), nothing, nothing],
                   [k, n], {6: y_h, 7: y_c})
        b_x, b_h = b[: 3 * n].T
        bias = np.concatenate([(b_x + b_h)[: 2 * n], b_x[2 * n :], b_h[2 * n :]])
        parts = [stored(blocks_of_four(each), half) for each in (
            w[: 3 * n], r[: 2 * n], r[2 * n : 3 * n])]
        gates = np.zeros(4 * n, np.float32)
        (y,) = gru.evaluate([x[None], h[None], w[: 3 * n], r[: 3 * n], b_x, b_h])
        yield (f"gru_{half}", [x, h, *parts, bias, gates, nothing], [k, n], {6: None, 7: y})
        x, square = numbers(random, n), r[: 3 * n]
        y, y_h = min_gru.evaluate([x[None], h[None], square])
        yield (f"min_gru_{half}", [x, h, stored(blocks_of_four(square), half), gates[: 3 * n],
                                   nothing, nothing], [n], {3: None, 4: y, 5: y_h})


def test_one_row(guarded: Guarded) -> None:
    guarded.judge("portable", list(narrow_cases()))


def apart(rows: Array, gap: int) -> Array:
    """Rows with NaN between them, and nothing behind the last one."""
    found = np.full((len(rows), rows.shape[1] + gap), np.nan, np.float32)
    found[:, : rows.shape[1]] = rows
    return found.reshape(-1)[: found.size - gap]


def gemm_cases(random: np.random.Generator) -> Iterator[Case]:
    for n, rows in product((1, 4, 5, 7, 8, 13, 31, 32, 64, 67, 133), (1, 2, 3, 4, 8, 11, 16)):
        k, gap, relu = (n + rows) % 4 + 1, (n + rows) % 3, rows % 2
        x, weight, bias = numbers(random, rows, k), numbers(random, n, k), numbers(random, n)
        places = None
        given = apart(x, 2)
        if n % 2:
            places = random.permutation(k + 2)[:k].astype(np.int32)
            places[0] = 0 if k == 1 else places[0]
            wider = np.full((rows, k + 2), np.nan, np.float32)
            wider[:, places] = x
            given = wider.reshape(-1)
        before = numbers(random, rows, n)
        for start, step, first in ((bias, 0, bias), (None, 0, np.float32(0)),
                                   (None, n + gap, before)):
            expected = ordered.dot(x, weight, first)
            expected = relu_f32(expected) if relu else expected
            yield ("gemm", [given, places, wide_blocks(weight), start, apart(before, gap)],
                   [k + 2, int(step > 0), step, n + gap, k, n, rows, relu],
                   {4: apart(expected, gap)})


def cell_cases(random: np.random.Generator) -> Iterator[Case]:
    lstm = LSTMCell(x="x", h="h", c="c", weight="w", recurrent="r", bias="b", y_h="y", y_c="z")
    gru = GRUCell(x="x", h="h", weight="w", recurrent="r", bias="b", recurrent_bias="c", y="y")
    min_gru = MinGRUCell(x="x", h="h", weight="w", y="y", y_h="z")
    for n, k, rows in ((1, 1, 1), (2, 3, 3), (15, 2, 2), (16, 5, 8), (17, 6, 11), (33, 3, 16)):
        x, h, c = (numbers(random, rows, size) for size in (k, n, n))
        w, r = (numbers(random, 4 * n, size) for size in (k, n))
        b_x, b_h = numbers(random, 2, 4 * n)
        nothing = np.zeros((rows, n), np.float32)
        y_h, y_c = lstm.evaluate([x, h, c, w, r, b_x])
        yield ("lstm", [apart(x, 1), apart(h, 2), apart(c, 3), wide_gates_of_units(w),
                        wide_gates_of_units(r), gates_of_units(b_x[:, None]), apart(nothing, 0),
                        apart(nothing, 4)], [k + 1, n + 2, n + 3, n, n + 4, k, n, rows],
               {6: apart(y_h, 0), 7: apart(y_c, 4)})
        w, r, b_x, b_h = (each[: 3 * n] for each in (w, r, b_x, b_h))
        bias = np.concatenate([(b_x + b_h)[: 2 * n], b_x[2 * n :], b_h[2 * n :]])
        (y,) = gru.evaluate([x, h, w, r, b_x, b_h])
        yield ("gru", [apart(x, 1), apart(h, 2), wide_blocks(w), wide_blocks(r[: 2 * n]),
                       wide_blocks(r[2 * n :]), bias, np.zeros(4 * n * rows, np.float32),
                       apart(nothing, 3)], [k + 1, n + 2, 4 * n, n + 3, k, n, rows],
               {6: None, 7: apart(y, 3)})
        x = numbers(random, rows, n)
        y, y_h = min_gru.evaluate([x, h, r])
        yield ("min_gru", [apart(x, 1), apart(h, 2), wide_blocks(r), np.zeros(3 * n * rows,
               np.float32), apart(nothing, 0), apart(nothing, 4)],
               [n + 1, n + 2, 3 * n, n, n + 4, n, rows],
               {3: None, 4: apart(y, 0), 5: apart(y_h, 4)})


SHAPES = (
    Shape((3, 5, 6), (3, 3), 67, pads=(1, 1, 1, 1)),
    Shape((4, 7, 9), (3, 2), 6, (2, 3), (0, 2, 3, 1), (2, 3), 2),
    Shape((2, 4, 4), (4, 4), 5, (3, 3), (4, 0, 2, 5)),
    Shape((2, 5, 1), (2, 2), 3, pads=(0, 1, 0, 1)),  # one column between padding
    Shape((1, 3, 2), (2, 2), 2, (1, 1), (3, 4, 2, 1)),  # some pixels see nothing but padding
    Shape((2, 5, 3), (2, 2), 19, (1, 2)),  # pixels of several lanes side by side
    Shape((6, 3, 3), (1, 1), 6, group=6))


def conv_cases(random: np.random.Generator) -> Iterator[Case]:
    """Each lane's image begins at once behind the one before, or some elements later."""
    for shape, lanes, last in product(SHAPES, (1, 5), (0, 1)):
        op = Conv(x="x", weight="w", bias="b", y="y", strides=shape.strides, pads=shape.pads,
                  dilations=shape.dilations, group=shape.group)
        weight = numbers(random, shape.filters, shape.image[0] // shape.group, *shape.kernel)
        bias, x = numbers(random, shape.filters), numbers(random, lanes, *shape.image)
        y = np.concatenate([op.evaluate([each[None], weight, bias])[0] for each in x])
        expected = (np.moveaxis(relu_f32(y), 1, -1) if last else y).reshape(lanes, -1)
        members = sizes(op, Value("x", (1, *shape.image)), Value("y", (1, *y.shape[1:])),
                        weight.shape)
        layout = Layout.of(members)
        image = np.full(layout.padding, np.nan, np.float32) if layout.padding else None
        groups, size = weight.reshape(shape.group, shape.filters // shape.group, -1), y[0].size
        yield ("conv", [
            apart(x.reshape(lanes, -1), 3 * last), np.concatenate(list(map(wide_blocks, groups))),
            np.concatenate([filled(each) for each in bias.reshape(shape.group, -1)]),
            layout.corners, layout.places, image, apart(np.zeros_like(expected), 1),
            np.array(members, np.int32)],
            [x[0].size + 3 * last, layout.rows, layout.columns, size + 1,
             1 if last else size // shape.filters, lanes, last], {5: None, 6: apart(expected, 1)})


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit != "portable"])
def test_many_rows(guarded: Guarded, unit: str) -> None:
    random = np.random.default_rng(3)
    guarded.judge(unit, [*gemm_cases(random), *cell_cases(random), *conv_cases(random)])
