# SPDX-License-Identifier: MIT
"""What Debian's cross compiler makes of the functions: constant time on an FPU, no libm without."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from kernel_source import KERNELS

from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.targets import TARGETS
from tests.support.cores import CORTEX

pytestmark = [
    pytest.mark.gcc,
    pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="no arm-none-eabi-gcc"),
]

CORES = {core.removeprefix("cortex-"): TARGETS[core].gcc_flags for core in CORTEX
         if TARGETS[core].hard_float}
LOOPS = ("log", "sqrt")
"""Functions with a counted loop, which -O2 keeps."""

ROUNDING = ("round", "floor", "ceil")
"""For a Cortex-M7 GCC makes branches of their selections, as it takes branches for cheap there; so
the number of instructions of a policy with them depends on the data there, which verify tells."""

SOFT_FLOAT = {f"__aeabi_{name}" for name in (
    "fadd", "fsub", "frsub", "fmul", "fdiv", "f2iz", "fcmplt", "fcmple", "fcmpgt", "fcmpge",
    "fcmpeq")}


def compile_wrapper(name: str, *flags: str) -> str:
    """Assembly of one function of one float (and its parameters)."""
    function = FUNCTIONS[name]
    parameters = "".join(f", float {p}" for p, _ in function.parameters)
    arguments = "".join(f", {p}" for p, _ in function.parameters)
    text = (f'#include "{name}_f32.h"\n'
            f"float wrapper(float x{parameters}) {{\n"
            f"    return puffer_edge_{name}_f32(x{arguments});\n}}\n")
    return subprocess.run(
        ["arm-none-eabi-gcc", "-std=c99", "-ffp-contract=off", *flags, f"-I{KERNELS}", "-x", "c",
         "-S", "-o", "-", "-"],
        input=text, capture_output=True, text=True, check=True).stdout


def instructions(assembly: str) -> list[str]:
    """The mnemonics with their operands."""
    return re.findall(r"^\t([a-z][^\n@]*)", assembly, re.MULTILINE)


@pytest.mark.parametrize("level", ["-O2", "-O3"])
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_branch_depends_on_the_data(name, core, level):
    code = instructions(compile_wrapper(name, level, *CORES[core]))
    assert len(code) > 1
    branches = [line for line in code if re.match(r"(b|cb|le)[a-z]*\s", line)
                and not re.match(r"(bx\s+lr|bic|bfi|bfc)", line)]
    if core == "m7" and name in ROUNDING:
        assert len(branches) <= 4
    else:
        assert len(branches) <= (name in LOOPS and level == "-O2"), branches


@pytest.mark.parametrize("name", FUNCTIONS)
def test_soft_float_needs_nothing_but_float_arithmetic(name):
    code = instructions(compile_wrapper(name, "-Os", "-mcpu=cortex-m0", "-mthumb"))
    called = {line.split()[1] for line in code if re.match(r"(bl|b)\s+__", line)}
    assert called <= SOFT_FLOAT
