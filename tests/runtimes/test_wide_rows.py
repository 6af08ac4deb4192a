# SPDX-License-Identifier: MIT
"""Kernels for computers against the interpreter's ops: any rows, any sizes, every vector unit."""

from __future__ import annotations

import ctypes
from itertools import product
from typing import Any

import numpy as np
import pytest

from puffer_edge.arrays import Array
from puffer_edge.exporters.c.kernels import joined
from puffer_edge.exporters.c.ops.conv import Layout, sizes
from puffer_edge.exporters.c.packing import (
    filled,
    gates_of_units,
    wide_blocks,
    wide_gates_of_units,
)
from puffer_edge.ir import Value, ordered
from puffer_edge.ir.functions.piecewise import relu_f32
from puffer_edge.ir.ops import Conv, GRUCell, LSTMCell, MinGRUCell
from puffer_edge.runtimes.native_build import FLAGS
from puffer_edge.targets import HOST
from puffer_edge.toolchains import find_toolchain
from tests.tools import need, need_instructions

KERNELS = {"gemm_wide_f32": "pipppipiiiii", "lstm_cell_wide_f32": "pipipippppipiiii",
           "gru_cell_wide_f32": "pipipppppipiiii", "min_gru_cell_wide_f32": "pipippipipiii",
           "conv_wide_f32": "pipppppiipiiipi", "all_finite_wide_f32": "pi"}
"""Pointers and integers that each takes."""
UNITS = {"native": "native", "": "baseline", "avx2": "x86_64_v3", "avx512f": "x86_64_v4"}
"""What a processor may have, and zig's name of one that has it."""
ROWS = (1, 3, 8, 11, 16)


@pytest.fixture(scope="module", params=[
    pytest.param((compiler, unit), id=f"{compiler} {unit}",
                 marks=() if (compiler, unit) == ("gcc", "native") else pytest.mark.exhaustive)
    for compiler in ("gcc", "clang", "zig") for unit in UNITS])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    compiler, unit = request.param
    if compiler != "zig":
        need(compiler)
    if unit.startswith("avx"):
        need_instructions(unit)
    source = tmp_path_factory.mktemp("rows") / "rows.c"
    lines = ["#include <stddef.h>\n#include <stdint.h>\n#include <string.h>", joined(KERNELS),
             '#pragma GCC visibility push(default)']
    for name, kinds in KERNELS.items():
        given = ", ".join(f"{'void *' if kind == 'p' else 'int32_t '}a{index}"
                          for index, kind in enumerate(kinds))
        passed = ", ".join(f"a{index}" for index in range(len(kinds)))
        result, word = ("int", "return ") if name.startswith("all") else ("void", "")
        lines.append(f"{result} run_{name}({given}) {{ {word}puffer_edge_{name}({passed}); }}")
    source.write_text("\n".join([*lines, "#pragma GCC visibility pop", ""]))
    toolchain, output = find_toolchain(compiler), source.with_suffix(".so")
    machine = [f"-mcpu={UNITS[unit]}"] if compiler == "zig" else [
        f"-march={unit}" if unit == "native" else f"-m{unit}" if unit else "-g0"]
    if compiler == "gcc":  # it sees loops that go on behind an array
        machine += ["-Werror=aggressive-loop-optimizations", "-Werror=array-bounds"]
    toolchain.run([*toolchain.command(HOST), *machine, *FLAGS, str(source), "-o", str(output)],
                  output, "the kernels do not compile")
    return ctypes.CDLL(str(output))


def call(library: Any, name: str, *given: Array | int | None) -> Any:
    """Runs a kernel."""
    kinds = "".join("i" if isinstance(each, int) else "p" for each in given)
    assert kinds == KERNELS[name]
    return getattr(library, f"run_{name}")(*(
        ctypes.c_int32(each) if isinstance(each, int) else
        ctypes.c_void_p(None if each is None else each.ctypes.data) for each in given))


def numbers(random: np.random.Generator, *shape: int) -> Array:
    """Float32 numbers, some of them zeros of either sign, tiny, subnormal or large."""
    found = random.standard_normal(shape).astype(np.float32)
    kind = random.integers(0, 40, shape)
    for index, factor in enumerate((0.0, -0.0, 1e-30, 1e-44, 1e15)):
        found = np.where(kind == index, found * np.float32(factor), found)
    return found


def spread(rows: Array, step: int) -> Array:
    """Rows that lie step elements apart, with NaN between them."""
    found = np.full((len(rows), step), np.nan, np.float32)
    found[:, : rows.shape[1]] = rows
    return found


def same(found: Array, expected: Array, size: int) -> None:
    """The expected bits, and nothing was written behind them."""
    assert found[:, :size].tobytes() == np.ascontiguousarray(expected).tobytes()
    assert np.isnan(found[:, size:]).all()


def positive(y: Array, wanted: int) -> Array:
    """The op's ReLU, where it is wanted."""
    return relu_f32(y) if wanted else y


@pytest.mark.parametrize("start", ["bias", "nothing", "itself"])
def test_gemm(library: Any, start: str) -> None:
    random = np.random.default_rng(0)
    for n in (1, 2, 4, 6, 8, 15, 16, 31, 32, 64, 67, 131):
        for rows, k in zip(ROWS, (1, 2, 7, 33, 128), strict=True):
            x, weight, bias = numbers(random, rows, k), numbers(random, n, k), numbers(random, n)
            before = numbers(random, rows, n)
            y = spread(before, n + 5)
            begin, step, first = {"bias": (bias, 0, bias), "nothing": (None, 0, np.float32(0)),
                                  "itself": (y, n + 5, before)}[start]
            places = random.permutation(k + 3)[:k].astype(np.int32) if n % 2 else None
            given = spread(x, k + 3)
            if places is not None:
                given[:, :] = np.nan
                given[:, places] = x
            call(library, "gemm_wide_f32", given, k + 3, places, wide_blocks(weight), begin,
                 step, y, n + 5, k, n, rows, rows % 2)
            same(y, positive(ordered.dot(x, weight, first), rows % 2), n)


def test_lstm(library: Any) -> None:
    random = np.random.default_rng(1)
    op = LSTMCell(x="x", h="h", c="c", weight="w", recurrent="r", bias="b", y_h="y", y_c="z")
    for n, k, rows in zip((1, 7, 16, 19, 40), (1, 6, 33, 5, 64), ROWS, strict=True):
        x, h, c = (numbers(random, rows, size) for size in (k, n, n))
        weight, recurrent, bias = (numbers(random, 4 * n, size) for size in (k, n, 1))
        y_h, y_c = np.full((rows, n + 2), np.nan, np.float32), spread(c, n + 9)
        call(library, "lstm_cell_wide_f32", spread(x, k + 3), k + 3, spread(h, n + 1), n + 1,
             y_c, n + 9, wide_gates_of_units(weight), wide_gates_of_units(recurrent),
             gates_of_units(bias), y_h, n + 2, y_c, n + 9, k, n, rows)
        expected = op.evaluate([x, h, c, weight, recurrent, bias[:, 0]])
        same(y_h, expected[0], n)
        same(y_c, expected[1], n)


def test_gru(library: Any) -> None:
    random = np.random.default_rng(2)
    op = GRUCell(x="x", h="h", weight="w", recurrent="r", bias="b", recurrent_bias="c", y="y")
    for n, k, rows in zip((1, 7, 16, 19, 40), (1, 6, 33, 5, 64), ROWS, strict=True):
        x, h = numbers(random, rows, k), numbers(random, rows, n)
        weight, recurrent = numbers(random, 3 * n, k), numbers(random, 3 * n, n)
        b_x, b_h = numbers(random, 3 * n), numbers(random, 3 * n)
        bias = np.concatenate([(b_x + b_h)[: 2 * n], b_x[2 * n :], b_h[2 * n :]])
        gates, y = np.zeros((rows, 4 * n + 1), np.float32), spread(h, n + 2)
        call(library, "gru_cell_wide_f32", spread(x, k + 3), k + 3, spread(h, n + 1), n + 1,
             wide_blocks(weight), wide_blocks(recurrent[: 2 * n]), wide_blocks(recurrent[2 * n :]),
             bias, gates, 4 * n + 1, y, n + 2, k, n, rows)
        same(y, op.evaluate([x, h, weight, recurrent, b_x, b_h])[0], n)


def test_min_gru(library: Any) -> None:
    random = np.random.default_rng(3)
    op = MinGRUCell(x="x", h="h", weight="w", y="y", y_h="z")
    for n, rows in zip((1, 7, 16, 19, 40), ROWS, strict=True):
        x, h, weight = (numbers(random, size, n) for size in (rows, rows, 3 * n))
        gates, y, y_h = np.zeros((rows, 3 * n + 1), np.float32), spread(x, n + 2), spread(h, n + 3)
        call(library, "min_gru_cell_wide_f32", y, n + 2, y_h, n + 3, wide_blocks(weight), gates,
             3 * n + 1, y, n + 2, y_h, n + 3, n, rows)
        expected = op.evaluate([x, h, weight])
        same(y, expected[0], n)
        same(y_h, expected[1], n)


@pytest.mark.parametrize(("image", "kernel", "strides", "pads", "dilations", "filters", "group"), [
    ((1, 12, 11), (8, 4), (4, 2), (0, 0, 0, 0), (1, 1), 16, 1),
    ((3, 9, 10), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 67, 1),
    ((4, 7, 9), (3, 2), (2, 3), (0, 2, 3, 1), (2, 3), 6, 2),
    ((6, 5, 5), (1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 6, 6),
    ((4, 4, 5), (2, 3), (1, 1), (1, 0, 0, 1), (1, 1), 8, 2),
    ((2, 4, 4), (4, 4), (3, 3), (4, 0, 2, 5), (1, 1), 5, 1),
    ((2, 13), (5,), (2,), (3, 1), (2,), 9, 1)])
@pytest.mark.parametrize("biased", [False, True])
def test_conv(library: Any, image: tuple[int, ...], kernel: tuple[int, ...],
              strides: tuple[int, ...], pads: tuple[int, ...], dilations: tuple[int, ...],
              filters: int, group: int, biased: bool) -> None:
    random = np.random.default_rng(4)
    op = Conv(x="x", weight="w", bias="b" if biased else "", y="y", strides=strides, pads=pads,
              dilations=dilations, group=group)
    weight = numbers(random, filters, image[0] // group, *kernel)
    bias = numbers(random, filters) if biased else None
    groups = weight.reshape(group, filters // group, -1)
    zeros = np.zeros(filters, np.float32) if bias is None else bias
    for lanes, last, y_last in product((1, 5), (False, True), (False, True)):
        if last and (any(pads) or group > 1):
            continue  # no such form
        x = numbers(random, lanes, *image)
        expected = np.concatenate([op.evaluate([each[None], weight, bias])[0] for each in x])
        members = sizes(op, Value("x", (1, *image)), Value("y", (1, *expected.shape[1:])),
                        weight.shape)
        layout, size = Layout.of(members, last), expected[0].size
        assert bool(layout.padding) == any(pads)
        given = np.full((lanes, x[0].size + 3), np.nan, np.float32)
        given[:, :-3] = (np.moveaxis(x, 1, -1) if last else x).reshape(lanes, -1)
        y = np.full((lanes, size + 16), np.nan, np.float32)
        call(library, "conv_wide_f32", given, given.shape[1],
             np.concatenate([wide_blocks(each) for each in groups]),
             np.concatenate([filled(each) for each in zeros.reshape(group, -1)]), layout.corners,
             layout.places,
             np.full(layout.padding, np.nan, np.float32) if layout.padding else None, layout.rows,
             layout.columns, y, y.shape[1], 1 if y_last else size // filters, lanes,
             np.array(members, np.int32), int(y_last))
        expected = positive(expected, y_last)
        same(y, (np.moveaxis(expected, 1, -1) if y_last else expected).reshape(lanes, -1), size)


def test_finite(library: Any) -> None:
    random = np.random.default_rng(5)
    for size in (1, 2, 31, 32, 33, 100):
        x = numbers(random, size)
        x[0] = np.finfo(np.float32).max
        assert call(library, "all_finite_wide_f32", x, size)
        for place in {0, 1 % size, size // 2, size - 1}:
            for bad in (np.nan, np.inf, -np.inf):
                wrong = x.copy()
                wrong[place] = bad
                assert not call(library, "all_finite_wide_f32", wrong, size)
