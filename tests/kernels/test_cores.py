# SPDX-License-Identifier: MIT
"""Kernels in the forms of boards' cores, each at many sizes, beside the oracle and numpy.

One program per core runs all calls on QEMU, on memory that ends where an array does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.exporters.integer_kernel_cases import SCHEMES, Header
from tests.kernels.bare import Bare
from tests.kernels.core_cases import (
    PATCHES,
    WEIGHTS,
    core_calls,
    finite,
    flushed,
    layers,
    quantized,
    tables,
)
from tests.kernels.guarded import Case
from tests.kernels.test_guarded import conv, float_cases, integer_cases
from tests.tools import need

ARM, RISCV = "arm-none-eabi-gcc", "riscv64-unknown-elf-gcc"
LINUX = ["qemu-arm", "-cpu", "max"]
"""QEMU runs programs of Linux on no Cortex-M; this core has their instructions, but for Helium."""
CORES: dict[str, tuple[list[str], list[str]]] = {
    "helium": ([ARM, "-mthumb", "-mcpu=cortex-m55", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard",
                "-O1"], []),
    "dsp": ([ARM, "-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-O1"],
            LINUX),
    "dsp_small": ([ARM, "-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard",
                   "-Os"], LINUX),
    "thumb2_soft_f32": ([ARM, "-mthumb", "-mcpu=cortex-m3", "-O1"], LINUX),
    "rv32_soft_f32": ([RISCV, "--specs=picolibc.specs", "-march=rv32imac", "-mabi=ilp32", "-O1"],
                      ["qemu-riscv32"])}


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """All calls, their weights at words and filled up to words."""
    made = Header(8)
    found = [*integer_cases("portable"), *float_cases("portable"), *layers(made),
             *tables(made.random), *quantized(made.random), *finite(made.random),
             *flushed(made.random)]
    for shape in PATCHES:
        for kind in SCHEMES:
            for other in (False, True):
                found += list(conv(made, kind, shape, other))[1::2]
    for name, arrays, _, _ in found:
        for index in WEIGHTS.get(name.partition("_")[0], ()):
            weight = arrays[index]
            if weight is not None and weight.itemsize < 4:
                flat = weight.reshape(-1)
                arrays[index] = np.pad(flat, (0, -flat.nbytes % 4 // flat.itemsize))
    return found


@pytest.mark.parametrize("core", CORES)
def test_every_call_on_a_core(core: str, cases: list[Case], tmp_path: Path) -> None:
    compiler, emulator = CORES[core]
    need(compiler[0], emulator[0] if emulator else "qemu-system-arm")
    program = Bare(tmp_path, compiler, emulator, core_calls())
    program.judge("", cases)
