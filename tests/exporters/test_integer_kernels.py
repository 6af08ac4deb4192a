# SPDX-License-Identifier: MIT
"""Integer kernels at the limits of the range proof: portable C == Cortex-M assembler == numpy."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from puffer_edge.artefact.interface import Interface
from puffer_edge.targets import TARGETS
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.emulators.opening import open_machine
from puffer_edge.verification.harness import ImageBuilder
from tests.exporters.integer_kernel_cases import SCHEMES, UNOPTIMISED, Header
from tests.tools import need

SIZES = [(k, n) for k in range(1, 10) for n in range(1, 10)] + [
    (15, 4), (16, 5), (17, 7), (31, 4), (33, 6), (64, 8), (67, 4), (130, 4)]
FORMS = {"dsp": "DSP", "thumb2": "THUMB2", "helium": "MVE", "without helium": "DSP"}
"""What the preprocessor knows the fast forms by."""
CELLS = [(1, 1), (2, 3), (3, 2), (4, 4), (5, 7), (8, 9), (17, 5)]


@pytest.fixture(scope="module")
def header() -> Header:
    made = Header(0)
    for scheme in SCHEMES:
        for k, n in SIZES:
            made.gemm(scheme, k, n)
    for k, n in [*SIZES, (516, 4)]:
        made.pairs(k, n)
    for scheme in SCHEMES:
        for size, hidden in CELLS:
            made.cell(scheme, size, hidden)
            made.min_gru(scheme, hidden)
            if scheme != "s8":  # a hidden state has 16 bits
                made.gru(scheme, size, hidden)
    for dtype in ("int8", "int16"):
        for count in (1, 2, 5, 16, 64, 77):
            made.normal(dtype, count)
            made.quotient(dtype, count)
            made.shares(dtype, min(count, 39))
    return made


@pytest.mark.parametrize(("target", "toolchain", "form", "optimize"), [
    ("host", "gcc", "default", "-O3"),
    pytest.param("host", "zig", "default", "-O2", marks=pytest.mark.exhaustive),
    ("cortex-m4", "gcc", "dsp", "-O2"),
    ("cortex-m4", "gcc", "thumb2", "-O0"),
    ("cortex-m4", "gcc", "portable", "-O2"),
    ("cortex-m4", "zig", "dsp", "-O3"),
    pytest.param("cortex-m4", "zig", "thumb2", "-O0", marks=pytest.mark.exhaustive),
    ("cortex-m7", "gcc", "dsp", "-Os"),
    pytest.param("cortex-m33", "zig", "dsp", "-O2", marks=pytest.mark.exhaustive),
    ("cortex-m3", "gcc", "thumb2", "-O2"),
    ("cortex-m0", "gcc", "default", "-O2"),
    ("riscv32", "zig", "default", "-O2"),
    ("cortex-m55", "gcc", "helium", "-O2"),
    ("cortex-m55", "zig", "helium", "-O0"),
    ("cortex-m55", "gcc", "without helium", "-O2"),
])
def test_every_form_gives_the_numbers_of_numpy(header: Header, target: str, toolchain: str,
                                               form: str, optimize: str, tmp_path: Path) -> None:
    if toolchain == "gcc":
        need("gcc" if target == "host" else "arm-none-eabi-gcc")
    path = tmp_path / "kern.h"
    core = TARGETS[target]
    text = header.text("#define PUFFER_EDGE_PORTABLE" if form == "portable" else "",
                       helium=core.helium)
    if form == "without helium":
        core = replace(core, gcc_flags=("-mthumb", "-mcpu=cortex-m55+nomve", "-mfloat-abi=hard"))
    if form in FORMS:
        text = text.replace(UNOPTIMISED, (
            f"#ifndef PUFFER_EDGE_{FORMS[form]}\n#error \"the fast form is not used\"\n#endif\n"
            f"{UNOPTIMISED}"))
    path.write_text(text)
    builder = ImageBuilder(path, Interface("kern", 4, 4, (("count", 1),)), core,
                           find_toolchain(toolchain), tmp_path, optimize=optimize,
                           flash_bytes=2**21)
    with open_machine(builder, (core.emulators or ("unicorn",))[0]) as machine:
        assert machine.selftest() == 0


def test_the_comparison_can_fail(header: Header, tmp_path: Path) -> None:
    """The first layer is compared with its next input, 127, which no clamped output is."""
    path = tmp_path / "kern.h"
    table, rest = header.text("").split("layers[] = {", 1)
    changed = re.sub(r"(, pool_int8 \+ )", r"\1 1 + ", rest, count=1)
    path.write_text(f"{table}layers[] = {{{changed}")
    builder = ImageBuilder(path, Interface("kern", 4, 4, (("count", 1),)), TARGETS["host"],
                           find_toolchain("zig"), tmp_path)
    with open_machine(builder, "unicorn") as machine:
        assert machine.selftest() == 1
