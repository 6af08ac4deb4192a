# SPDX-License-Identifier: MIT
"""Activations of 8 bits that a layer copies to 16, on cores that gain by it: the same bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from puffer_edge.artefact.opening import read_subject
from puffer_edge.exporters.c.packing import can_pair
from puffer_edge.exporters.c.widening import working_memory
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Conv, Gemm, GemmInteger, GRUCell, LSTMCell, MinGRUCell, Reshape
from puffer_edge.passes import optimize
from puffer_edge.planning import plan
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import find_scheme
from puffer_edge.targets import TARGETS
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.harness import ImageBuilder
from tests.support.exporting import write_artefact
from tests.tools import need
from tests.zoo import Bench


@cache
def program() -> Program:
    """Layers and a cell of odd sizes, one layer over two rows, one too small to gain."""
    bench = Bench((1, 14))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(74, 14), bias=bench.weight(74))
    y = bench.op(Gemm, x=bench.op(Reshape, x=y, shape=(2, 37)), weight=bench.weight(33, 37))
    y = bench.op(Reshape, x=y, shape=(1, 66))
    h, c = bench.builder.state("h", (1, 9)), bench.builder.state("c", (1, 9))
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=y, h=h, c=c, weight=bench.weight(36, 66),
        recurrent=bench.weight(36, 9), bias=bench.weight(36))
    bench.builder.carry(h, y_h)
    bench.builder.carry(c, y_c)
    return in_integers(bench.program(bench.op(Gemm, x=y_h, weight=bench.weight(5, 9))))


def in_integers(given: Program) -> Program:
    """Calibrated with noise."""
    prepared = optimize(given, fuse=False)
    observations = np.random.default_rng(1).standard_normal(
        (64, given.contract.observation_size)).astype(np.float32)
    seen = calibrate(prepared, observations, np.arange(64) == 0)
    return quantize(prepared, seen, find_scheme("int8"))


@cache
def image() -> Program:
    """Convolutions in groups of a block and two rows, with columns, rows and a pixel left over."""
    bench = Bench((1, 2, 9, 9))
    y = bench.x
    for filters, channels, kernel, stride, pad in ((12, 1, 3, 2, 1), (10, 6, 3, 1, 0)):
        y = bench.op(Conv, x=y, weight=bench.weight(filters, channels, kernel, kernel),
                     bias=bench.weight(filters), strides=(stride, stride), pads=(pad,) * 4,
                     dilations=(1, 1), activation=None, group=2)
    y = bench.op(Reshape, x=y, shape=(1, 90))
    return in_integers(bench.program(bench.op(Gemm, x=y, weight=bench.weight(36, 90))))


@cache
def gated() -> Program:
    """A MinGRU and a GRU of three blocks and a unit."""
    bench = Bench((1, 11))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(13, 11), bias=bench.weight(13))
    old = bench.builder.state("m", (1, 13))
    y, new = bench.builder.add_many(MinGRUCell, ("", ""), x=y, h=old, weight=bench.weight(39, 13))
    bench.builder.carry(old, new)
    y = bench.op(Gemm, x=y, weight=bench.weight(17, 13), bias=bench.weight(17))
    h = bench.builder.state("h", (1, 13))
    y = bench.builder.add(GRUCell, x=y, h=h, weight=bench.weight(39, 17),
                          recurrent=bench.weight(39, 13), bias=bench.weight(39),
                          recurrent_bias=bench.weight(39))
    bench.builder.carry(h, y)
    return in_integers(bench.program(bench.op(Gemm, x=y, weight=bench.weight(5, 13))))


@pytest.mark.parametrize(("target", "toolchain", "level"), [
    ("cortex-m4", "gcc", "-O2"), ("host", "gcc", "-O2"),
    *(pytest.param("cortex-m4", compiler, level, marks=pytest.mark.exhaustive)
      for compiler in ("gcc", "zig") for level in ("-O0", "-Os", "-O3")),
    *(pytest.param(core, "gcc", "-O2", marks=pytest.mark.exhaustive)
      for core in ("cortex-m0", "cortex-m3", "cortex-m7", "cortex-m33"))])
@pytest.mark.parametrize("net", [program, image, gated])
def test_the_same_bits_everywhere(net: Callable[[], Program], target: str, toolchain: str,
                                  level: str, tmp_path: Path) -> None:
    need("gcc" if target == "host" else "arm-none-eabi-gcc")
    write_artefact(net(), tmp_path / "a", target="cortex-m4", name="wide", scheme="int8")
    header = tmp_path / "a" / "policy.h"
    text = header.read_text()
    if net is program:
        assert text.count("(void)puffer_edge_copy_s8(") == 3  # two rows, the cell
    elif net is image:
        assert text.count("    puffer_edge_conv_pairs") == 2
    else:
        assert text.count("    puffer_edge_gru_cell_pairs_s8x16(") == 1
        assert text.count("    puffer_edge_min_gru_cell_pairs") == 1
    builder = ImageBuilder(header, read_subject(tmp_path / "a").spec, TARGETS[target],
                           find_toolchain(toolchain), tmp_path, optimize=level)
    with open_machine(builder, "unicorn") as machine:
        assert machine.selftest() == 0


def test_memory_is_taken_where_it_pays() -> None:
    """The larger copy is that of the cell: 66 integers of 16 bits."""
    small, large = plan(program()), plan(program(), more=working_memory(program()))
    assert small.arena < large.arena <= small.arena + 2 * 66
    assert not small.scratch and len(large.scratch) == 2


def test_rows_lie_in_pairs_where_24_bits_hold_the_second() -> None:
    rows = np.full((5, 516), 127, np.int8)
    assert can_pair(rows)
    assert not can_pair(np.full((4, 517), 127, np.int8))
    assert can_pair(np.full((3, 517), 127, np.int8))  # rows that fill no block are no pairs
    rows[2], rows[3, 7] = -127, -128  # beside a number below 0 that would be -129
    assert not can_pair(rows)
    rows[2, 7] = 0
    assert can_pair(rows)


def test_other_rows_lie_as_for_int8x16(tmp_path: Path) -> None:
    """One weight of -128 beside one below 0, in the layer over two rows."""
    given = program()
    layer = next(op for op in given.ops if isinstance(op, GemmInteger)
                 and given.values[op.weight].shape == (33, 37))
    weight = given.constants[layer.weight].copy()
    weight[0, 3], weight[1, 3] = -1, -128
    changed = replace(given, constants={**given.constants, layer.weight: weight})
    for name, wanted, other in (("before", "pairs", "s8x16"), ("after", "s8x16", "pairs")):
        write_artefact(given if name == "before" else changed, tmp_path / name, target="cortex-m4",
                       name="wide", scheme="int8")
        text = (tmp_path / name / "policy.h").read_text()
        calls = [line for line in text.splitlines() if "    puffer_edge_gemm_" in line
                 and ", 37, 33, " in line]
        assert len(calls) == 2
        assert all(f"gemm_{wanted}" in line and other not in line for line in calls)


@pytest.mark.parametrize("target", ["cortex-m0", "riscv32", "host"])
def test_other_cores_do_without(target: str, tmp_path: Path) -> None:
    write_artefact(program(), tmp_path / "a", target=target, name="wide", scheme="int8")
    assert "copy_s8" not in (tmp_path / "a" / "policy.h").read_text()
