# SPDX-License-Identifier: MIT
"""Changed Programs that are accepted run as C under the sanitizers, and give the oracle's bits."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from puffer_edge.errors import PufferEdgeError
from puffer_edge.exporters import regenerating
from tests import zoo
from tests.fuzz.programs import PROGRAMS, changed_program
from tests.fuzz.targets import MANIFEST
from tests.tools import need

SANITIZED = (
    ["gcc", "-std=c99", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    # Integers that change their value or sign unseen are no undefined behaviour, and wrong here.
    ["clang", "-std=c99", "-O1", "-fsanitize=integer,undefined", "-fsanitize-trap=all"])


def accepted(number: int, name: str, cases: Sequence[str]) -> bytes | None:
    """The header of a changed Program; None if it is refused."""
    try:
        program = changed_program(Random(f"native/{number}"), cases)
        return regenerating._made({**MANIFEST, "name": name}, program, compiled=False)["policy.h"]
    except PufferEdgeError:
        return None


def run_together(headers: list[bytes], folder: Path) -> None:
    """Compiles the self-tests of all of them as one unit, and runs it.

    Raises:
        AssertionError: it does not compile, a sanitizer reports, or a self-test fails.
    """
    includes, calls = [], []
    for index, header in enumerate(headers):
        (folder / f"p{index}.h").write_bytes(header)
        includes += [f"#define P{index}_SELFTEST\n#define P{index}_IMPLEMENTATION\n"
                     f'#include "p{index}.h"\n']
        calls.append(f"    if (p{index}_selftest()) return {index + 1};\n")
    main = folder / "main.c"
    main.write_text(f"{''.join(includes)}int main(void)\n{{\n{''.join(calls)}    return 0;\n}}\n")
    for compiler in SANITIZED:
        if shutil.which(compiler[0]):
            subprocess.run([*compiler, str(main), "-o", str(folder / "main")], check=True)
            done = subprocess.run([str(folder / "main")], text=True, capture_output=True)
            assert done.returncode == 0, f"{folder}: {done.returncode}, {done.stderr[:2000]}"


def check(numbers: range, cases: Sequence[str], folder: Path, together: int = 50) -> int:
    """How many of the Programs with these numbers were accepted and ran."""
    need(SANITIZED[0][0])
    ran, headers = 0, []
    for number in numbers:
        header = accepted(number, f"p{len(headers)}", cases)
        headers += [header] if header else []
        if headers and (len(headers) == together or number == numbers[-1]):
            run_together(headers, folder)
            ran, headers = ran + len(headers), []
    return ran


def test_accepted_programs_run_under_the_sanitizers(tmp_path: Path) -> None:
    assert check(range(40), PROGRAMS, tmp_path) >= 8


@pytest.mark.exhaustive
def test_ten_thousand_programs(tmp_path: Path) -> None:
    assert check(range(10_000), [*zoo.CASES, *zoo.QUANTIZED], tmp_path) >= 1_000
