# SPDX-License-Identifier: MIT
"""Generated C under the address and undefined sanitizers of gcc and clang: all of the zoo.

``exporters/test_c.py::test_no_sanitizer_complains`` runs the cases in float32 in the suite; here
are those in integers, and both compilers.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests import zoo
from tests.exporters.test_c import run_selftest
from tests.support.exporting import export_as_it_is

SANITIZERS = {
    "gcc": ["-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all"],
    # Traps need no library beside the compiler, which Debian's clang comes without.
    "clang": ["-fsanitize=undefined,float-cast-overflow", "-fsanitize-trap=all"]}
SAMPLE = [("gcc", name) for name in sorted(zoo.QUANTIZED)[::23]] + [
    ("clang", name) for name in sorted(zoo.QUANTIZED)[11::23]]
ALL = [pair for pair in product(SANITIZERS, [*zoo.CASES, *zoo.QUANTIZED]) if pair not in SAMPLE]


def check(compiler: str, case: str, folder: Path) -> None:
    export_as_it_is(case, folder / "a")
    assert run_selftest(folder / "a", "zoo", compiler, ("-O1", *SANITIZERS[compiler])) == 0


@pytest.mark.parametrize(("compiler", "case"), SAMPLE)
def test_no_sanitizer_complains(compiler: str, case: str, tmp_path: Path) -> None:
    check(compiler, case, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("compiler", "case"), ALL)
def test_no_sanitizer_complains_of_any_case(compiler: str, case: str, tmp_path: Path) -> None:
    check(compiler, case, tmp_path)


@pytest.mark.parametrize("compiler", SANITIZERS)
def test_the_sanitizers_are_on(compiler: str, tmp_path: Path) -> None:
    """A shift by 32 in a policy's header ends the self-test."""
    export_as_it_is("mlp_int8", tmp_path / "a")
    header = tmp_path / "a" / "policy.h"
    header.write_text(header.read_text().replace(
        "zoo_selftest_run(void)\n{", "zoo_selftest_run(void)\n{\n    volatile int places = 32;\n"
        "    if ((1 << places) == 77) return 9;", 1))
    assert "places = 32" in header.read_text()
    assert run_selftest(tmp_path / "a", "zoo", compiler, ("-O1", *SANITIZERS[compiler])) != 0
