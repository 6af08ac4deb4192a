# SPDX-License-Identifier: MIT
"""Float kernels at odd sizes: Cortex-M assembler == numpy, in its larger and smaller forms."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from puffer_edge.artefact.opening import read_subject
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Concat, Conv, Gemm, LSTMCell, Reshape
from puffer_edge.passes import optimize
from puffer_edge.quantization.float16 import to_float16
from puffer_edge.targets import TARGETS
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.harness import ImageBuilder
from tests.support.exporting import write_artefact
from tests.tools import need
from tests.zoo import Bench

WIDTHS = (1, 8, 16, 9, 7, 17, 2, 3, 25, 4, 12, 5, 10, 6, 15, 24, 11, 20)
"""Of layers, one after the other: every rest of rows and of columns, by twos, fours and eights."""
CELLS = ((3, 1), (8, 2), (5, 3), (9, 6), (2, 9))
FILTERS = ((3, 1, 0), (8, 1, 1), (12, 1, 0), (13, 1, 2), (18, 2, 1), (16, 2, 0))


@cache
def program() -> Program:
    """Every result is an output, so that no rounding hides a wrong bit."""
    bench = Bench((1, 40))
    grid = bench.op(Reshape, x=bench.x, shape=(1, 2, 5, 4))
    y, parts = bench.op(Gemm, x=bench.x, weight=bench.weight(13, 40)), []
    for width in WIDTHS:
        before = bench.builder.shape(y)[1]
        bias = {"bias": bench.weight(width)} if width % 3 else {}
        y = bench.op(Gemm, x=y, weight=bench.weight(width, before), **bias)
        parts.append(y)
    for inputs, hidden in CELLS:
        x = bench.op(Gemm, x=y, weight=bench.weight(inputs, 20))
        h, c = (bench.builder.state(f"{n}{hidden}", (1, hidden)) for n in "hc")
        y_h, y_c = bench.builder.add_many(
            LSTMCell, ("", ""), x=x, h=h, c=c, weight=bench.weight(4 * hidden, inputs),
            recurrent=bench.weight(4 * hidden, hidden), bias=bench.weight(4 * hidden))
        bench.builder.carry(h, y_h)
        bench.builder.carry(c, y_c)
        parts.append(y_h)
    for filters, group, pad in FILTERS:
        maps = bench.op(Conv, x=grid, weight=bench.weight(filters, 2 // group, 3, 3),
                        bias=bench.weight(filters), strides=(1, 1), pads=(pad,) * 4,
                        dilations=(1, 1), group=group)
        size = bench.builder.shape(maps)
        parts.append(bench.op(Reshape, x=maps, shape=(1, size[1] * size[2] * size[3])))
    return optimize(bench.program(bench.op(Concat, xs=tuple(parts), axis=1)))


def check(scheme: str, target: str, toolchain: str, level: str, form: str, folder: Path) -> None:
    if toolchain == "gcc":
        need("arm-none-eabi-gcc")
    made = to_float16(program()) if scheme == "float16" else program()
    write_artefact(made, folder / "a", name="sizes", scheme=scheme)
    header = folder / "a" / "policy.h"
    asked = {"small": "#define PUFFER_EDGE_SMALL\n", "portable": "#define PUFFER_EDGE_PORTABLE\n",
             "fast": ""}[form]
    header.write_text(asked + header.read_text())
    builder = ImageBuilder(header, read_subject(folder / "a").spec, TARGETS[target],
                           find_toolchain(toolchain), folder, optimize=level)
    with open_machine(builder, "unicorn") as machine:
        assert machine.selftest() == 0


@pytest.mark.parametrize(("scheme", "level"), [("float32", "-O2"), ("float16", "-Os")])
def test_the_bits_of_every_size(scheme: str, level: str, tmp_path: Path) -> None:
    check(scheme, "cortex-m4", "gcc", level, "fast", tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["float32", "float16"])
@pytest.mark.parametrize("form", ["fast", "small", "portable"])
@pytest.mark.parametrize("level", ["-O0", "-Os", "-O2", "-O3"])
@pytest.mark.parametrize("toolchain", ["gcc", "zig"])
@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m7", "cortex-m33"])
def test_the_bits_of_every_size_anywhere(scheme: str, target: str, toolchain: str, level: str,
                                         form: str, tmp_path: Path) -> None:
    check(scheme, target, toolchain, level, form, tmp_path)
