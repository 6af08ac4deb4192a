# SPDX-License-Identifier: MIT
"""No compiler warns of the generated C, whatever it is asked to look at.

Every pair of values of cases, compiler, core, standard, optimisation and frame pointer that exists
is compiled. Eight cases are one source file. By default a few dozen rows are; with
``-m exhaustive`` all of them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from puffer_edge.exporters.c.kernels import joined
from puffer_edge.targets import TARGETS
from puffer_edge.toolchains import find_toolchain
from puffer_edge.toolchains.base import INCLUDE
from tests import zoo
from tests.kernels.pairs import Row, covering, pairs
from tests.support.exporting import export_as_it_is
from tests.tools import need

STRICT = ("-Wall", "-Wextra", "-Wshadow", "-Wpedantic", "-Wconversion", "-Wsign-conversion",
          "-Wcast-align", "-Werror")
ALL = [*zoo.CASES, *zoo.QUANTIZED]
CASES = [case for i, case in enumerate(ALL) if i % 3 or case in zoo.CASES][:80]
"""Ops, cells and schemes of every kind."""
BATCH = 8
BATCHES = [tuple(CASES[i : i + BATCH]) for i in range(0, len(CASES), BATCH)]
CORES = list(dict.fromkeys(target.name for target in TARGETS.values()))
COMPILERS = ["gcc", "clang", "zig", "avr-gcc"]
STANDARDS = ["c99", "c11", "gnu++11", "c++17", "c++20"]
LEVELS = ["-O0", "-Og", "-Os", "-O2", "-O3", "-O2 -flto"]
POINTERS = ["-fomit-frame-pointer", "-fno-omit-frame-pointer"]
KERNELS = Path(__file__).parents[2] / "runtimes" / "c"
STRING = r'"(?:\\.|[^"\\\n])*"'
AVR = tuple(core for core in CORES if TARGETS[core].isa == "avr")
OLD = {"c++17": "c++1z"}
"""What GCC 5.4 calls them, which is the last one of Arduino's for AVR but one; it has no C++20."""


def exists(row: Row) -> bool:
    """Whether there is such a compiler for the core."""
    _, compiler, core, standard, _, _ = row
    if compiler == "avr-gcc" or core in AVR:
        return compiler == "avr-gcc" and core in AVR and standard != "c++20"
    return compiler != "clang" or core == "host"


ROWS = covering([range(len(BATCHES)), COMPILERS, CORES, STANDARDS, LEVELS, POINTERS], exists)
QUICK = [row for row in ROWS if row[0] < 7 and row[1] != "zig"][:38]
"""300 compiles of a case; zig takes a second to start."""


def command(compiler: str, core: str) -> list[str]:
    """The compiler's driver for the core."""
    if compiler == "avr-gcc":
        need("avr-gcc")
        return ["avr-gcc", f"-mmcu={core}"]
    if compiler == "clang":
        need("clang")
        return ["clang"]
    toolchain, target = find_toolchain(compiler), TARGETS[core]
    program = toolchain.programs[target.isa][0] if compiler == "gcc" else ""  # type: ignore[attr-defined]
    if program and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    library = () if target.isa == "host" else ("-ffreestanding", f"-I{INCLUDE}")
    return [*toolchain.command(target), *library]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """A file with the implementations of a batch."""
    folder = tmp_path_factory.mktemp("pedantic")

    @cache
    def made(batch: int) -> Path:
        lines = []
        for case in BATCHES[batch]:
            export_as_it_is(case, folder / case, name=case)
            lines += [f"#define {case.upper()}_{what}" for what in ("SELFTEST", "IMPLEMENTATION")]
            lines.append(f'#include "{case}/policy.h"')
        path = folder / f"batch_{batch}.c"
        path.write_text("\n".join([*lines, ""]))
        return path

    return made


def check(row: Row, source: Callable[[int], Path], folder: Path) -> None:
    batch, compiler, core, standard, level, pointer = row
    standard = OLD.get(standard, standard) if compiler == "avr-gcc" else standard
    language = "c++" if "++" in standard else "c"
    ran = subprocess.run(
        [*command(compiler, core), "-x", language, f"-std={standard}", *STRICT, *level.split(),
         pointer, "-c", source(batch), "-o", folder / "made.o"],
        env=find_toolchain("zig").environment(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{row}\n{ran.stderr[:3000]}"


@pytest.mark.parametrize("row", QUICK, ids=lambda row: "-".join(map(str, row)))
def test_no_pedantic_warning(row: Row, source: Callable[[int], Path], tmp_path: Path) -> None:
    check(row, source, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(map(str, row)))
def test_no_pedantic_warning_anywhere(
        row: Row, source: Callable[[int], Path], tmp_path: Path) -> None:
    check(row, source, tmp_path)


def test_every_pair_is_there() -> None:
    """As counted by hand: what no compiler makes is missing, and nothing else."""
    assert len(CASES) == 80 and len(QUICK) * BATCH >= 300
    seen = set().union(*(pairs(row) for row in ROWS))
    cores = len(CORES)
    arm = 2 * (cores - len(AVR)) + 1 + len(AVR)  # gcc and zig, clang here, avr-gcc for AVR
    batches, levels, pointers = len(BATCHES), len(LEVELS), len(POINTERS)
    expected = (batches * (4 + cores + 5 + levels + pointers) + arm + (4 * 5 - 1) + 4 * levels
                + 4 * pointers + (cores * 5 - len(AVR)) + cores * levels + cores * pointers
                + 5 * levels + 5 * pointers + levels * pointers)
    assert len(seen) == expected


@pytest.mark.parametrize("core", [core for core in CORES if TARGETS[core].isa == "thumb"])
def test_no_string_is_longer_than_c99_promises(core: str) -> None:
    """4,095 characters; only clang looks, which takes long, and gcc does not where it is code."""
    need("arm-none-eabi-gcc")
    text = joined(sorted(path.stem for path in KERNELS.glob("*.h")), with_helium=True)
    ran = subprocess.run([*command("gcc", core), "-O2", "-E", "-P", "-x", "c", "-"], input=text,
                         capture_output=True, text=True, check=True)
    longest = max((sum(len(part) - 2 - part.count("\\") for part in re.findall(STRING, run[0]))
                   for run in re.finditer(rf"(?:{STRING}\s*)+", ran.stdout)), default=0)
    assert longest <= 4095


def test_a_warning_is_found(source: Callable[[int], Path], tmp_path: Path) -> None:
    """The flags do what they say."""
    planted = tmp_path / "planted.c"
    planted.write_text(source(0).read_text().replace('#include "', f'#include "{source(0).parent}/')
                       + "\nint planted(int32_t wide);\n"
                         "int planted(int32_t wide) { const int16_t n = wide; return n; }\n")
    with pytest.raises(AssertionError, match="conversion"):
        check((0, "gcc", "cortex-m4", "c99", "-O0", POINTERS[0]), lambda _: planted, tmp_path)
