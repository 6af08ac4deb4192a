# SPDX-License-Identifier: MIT
"""Generated headers on every target: clean under every compiler, and the oracle's bits."""

from __future__ import annotations

from pathlib import Path

import pytest

import puffer_edge
from puffer_edge.artefact.interface import Interface
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Binary, Concat, Gemm, Reshape, Unary
from puffer_edge.targets import TARGETS
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.harness import ImageBuilder
from tests import zoo
from tests.support.cores import EMULATED
from tests.support.exporting import export_as_it_is
from tests.tools import need


def everything() -> Program:
    """One policy that uses every kernel: all cases of the zoo that fit behind one observation."""
    bench = zoo.Bench((1, 2, 7, 5))
    maps = zoo._conv(2)(bench)
    flat = bench.op(Reshape, x=bench.x, shape=(1, 70))
    squeezed = bench.op(Gemm, x=flat, weight=bench.weight(12, 70), bias=bench.weight(12))
    cube = bench.op(Reshape, x=squeezed, shape=(1, 3, 4))
    six = bench.op(Gemm, x=squeezed, weight=bench.weight(6, 12))
    four = bench.op(Gemm, x=squeezed, weight=bench.weight(4, 12))
    five = bench.op(Gemm, x=squeezed, weight=bench.weight(5, 12))
    parts = [maps]
    for x, body in ((cube, zoo._arithmetic), (cube, zoo._matmul), (cube, zoo._reductions),
                    (four, zoo._norms), (five, zoo._gru), (six, zoo._lstm),
                    (five, zoo._activations)):
        bench.x = x
        parts.append(body(bench))
    y = bench.op(Concat, xs=tuple(parts), axis=1)
    y = bench.op(Binary, a=y, b=bench.op(Unary, x=y, function=Activation("tanh")), function="mul")
    bench.x = bench.builder._input
    return bench.program(y)


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return puffer_edge.export(everything(), tmp_path_factory.mktemp("c") / "all", name="zoo")


@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
@pytest.mark.parametrize("target", sorted({"host", *EMULATED}))
def test_no_compiler_warns(artefact: Path, target: str, toolchain: str, language: str,
                           tmp_path: Path) -> None:
    """ImageBuilder compiles with -Wall -Wextra -Wconversion -Wdouble-promotion -Werror."""
    if toolchain == "gcc":
        need({"host": "gcc", "riscv32": "riscv64-unknown-elf-gcc"}.get(target, "arm-none-eabi-gcc"))
    spec = Interface("zoo", 70 * 4, 4, (("logits", 1),))
    builder = ImageBuilder(artefact / "policy.h", spec, TARGETS[target], find_toolchain(toolchain),
                           tmp_path, language=language)
    assert builder.compiled("harness").stat().st_size > 1000


# In integers one of four schemes in turn: tests/proof/test_matrix.py has each on several machines.
ON_A_CORTEX_M4 = [*zoo.CASES, *(
    pytest.param(case, marks=() if (index // 4 + index) % 4 == 0 else pytest.mark.exhaustive)
    for index, case in enumerate(zoo.QUANTIZED))]


@pytest.mark.parametrize("case", ON_A_CORTEX_M4)
def test_every_op_gives_the_oracles_bits_on_a_cortex_m4(case: str, tmp_path: Path) -> None:
    """On this computer: test_c_gives_the_oracles_bits of test_c.py."""
    report = puffer_edge.verify(export_as_it_is(case, tmp_path / "a"), native=False)
    assert report.passed, report.to_markdown()


@pytest.mark.parametrize("case", ["conv_groups_int8", "conv_groups_int16", "gru_2_layers_mixed"])
def test_words_are_read_where_they_are_aligned(case: str, tmp_path: Path) -> None:
    """QEMU faults, as the core does, where LDM or LDRD read any other address; Unicorn does not."""
    need("qemu-system-arm")
    report = puffer_edge.verify(export_as_it_is(case, tmp_path / "a"), emulator="qemu")
    assert report.passed, report.to_markdown()


@pytest.mark.parametrize(("scheme", "target"), [
    # Each core and each scheme, in turn; tests/proof/test_matrix.py has the bits of all pairs.
    pytest.param(scheme, core, marks=() if (i + j) % 3 == 0 else pytest.mark.exhaustive)
    for i, core in enumerate(core for core in EMULATED if core != "cortex-m4")
    for j, scheme in enumerate(("int8", "int8x16", "int16"))])
def test_integers_are_the_same_on_every_core(scheme: str, target: str, tmp_path: Path) -> None:
    report = puffer_edge.verify(export_as_it_is(f"lstm_{scheme}", tmp_path / "a"), target=target,
                                native=False)
    assert report.passed, report.to_markdown()


@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m7", "riscv32"])
def test_everything_on_other_cores(artefact: Path, target: str) -> None:
    report = puffer_edge.verify(artefact, target=target)
    assert report.passed, report.to_markdown()


@pytest.mark.gcc
@pytest.mark.parametrize("optimize", ["-O2", "-O3"])
@pytest.mark.parametrize("case", ["mlp_int8", "continuous_int16"])
def test_small_integer_policies_with_gcc(case: str, optimize: str, tmp_path: Path) -> None:
    """So small that the quantisation of the observation shows in the number of instructions."""
    report = puffer_edge.verify(export_as_it_is(case, tmp_path / "a"), toolchain="gcc",
                                optimize=optimize)
    assert report.passed, report.to_markdown()


@pytest.mark.gcc
def test_everything_with_gcc_on_qemu(artefact: Path) -> None:
    report = puffer_edge.verify(artefact, toolchain="gcc", emulator="qemu", optimize="-O3")
    assert report.passed, report.to_markdown()
