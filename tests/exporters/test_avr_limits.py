# SPDX-License-Identifier: MIT
"""What an AVR cannot hold is refused at export, and by the header of another target."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from puffer_edge import api
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Gemm, Unary
from tests import zoo
from tests.tools import need


def linear(*widths: int) -> Program:
    """Linear layers in a row of the widths, as deep as their constants are many."""
    bench = zoo.Bench((1, widths[0]))
    y = bench.x
    for before, after in pairwise(widths):
        y = bench.op(Gemm, x=y, weight=bench.weight(after, before), bias=bench.weight(after))
        if after != widths[-1]:
            y = bench.op(Unary, x=y, function=Activation("tanh"))
    return bench.program(y)


def compiled(folder: Path, *flags: str) -> str:
    """What avr-gcc says of the artefact; empty where it compiles."""
    need("avr-gcc")
    ran = subprocess.run(["avr-gcc", "-mmcu=atmega2560", "-O1", *flags, "-c", folder / "policy.c",
                          "-o", folder / "policy.o"], capture_output=True, text=True, check=False)
    assert (ran.returncode == 0) == ("error" not in ran.stderr)
    return ran.stderr


@pytest.mark.parametrize(("widths", "told", "selftest"), [
    ((4, 90, 80, 80, 80, 2), r"bytes of constants, and 16-bit addresses", ""),
    ((4, 80, 110, 2), r"an object of 35,200 bytes", ""),
    ((100, 75, 75, 2), "", "self-test"),
])
def test_constants_that_an_avr_cannot_reach(widths: tuple[int, ...], told: str, selftest: str,
                                            tmp_path: Path) -> None:
    program = linear(*widths)
    with pytest.raises(UnsupportedError, match=told or selftest) as error:
        api.export(program, tmp_path / "avr", target="mega", name="zoo")
    assert "ATmega2560" in str(error.value) and not (tmp_path / "avr").exists()
    api.export(program, tmp_path / "a", target="cortex-m4", name="zoo")
    said = compiled(tmp_path / "a", "-DZOO_SELFTEST")
    assert "#error" in said and "zoo has" in said
    plain = compiled(tmp_path / "a")
    assert ("#error" in plain) == bool(told), plain


def test_a_policy_of_more_memory_than_the_chip_has(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"bytes of memory, and the chip 8,192"):
        api.export(linear(2, 2100, 1), tmp_path / "a", target="atmega2560", name="zoo")


def test_what_fits_is_exported_and_floats_are_advised_against(tmp_path: Path) -> None:
    directory = api.export(linear(4, 64, 64, 2), tmp_path / "a", target="arduino-mega", name="zoo")
    assert compiled(directory, "-DZOO_SELFTEST") == ""
    notes = json.loads((directory / "policy.json").read_text())["notes"]
    assert any("in software" in note["text"] and "int8" in note["text"] for note in notes)
