# SPDX-License-Identifier: MIT
"""The bits of the oracle where int has 16 bits and constants are read by names of their own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from puffer_edge import api
from tests import zoo
from tests.kernels.avr import selftest
from tests.support.exporting import export_as_it_is
from tests.tools import need

CASES = [*zoo.CASES, *zoo.QUANTIZED]
SAMPLE = ["stacked", "attention_int8", "conv_groups_int16", "lstm_int8x16",
          "min_gru_2_layers_mixed", "gru_2_layers_int16", "norms"]


def check(case: str, directory: Path, *flags: str) -> None:
    need("avr-gcc", "simavr")
    export_as_it_is(case, directory / "a")
    assert selftest(directory / "a" / "policy.h", "zoo", "-std=gnu99", *flags) == 0


@pytest.mark.parametrize("case", SAMPLE)
def test_the_bits_where_int_has_16_bits(case: str, tmp_path: Path) -> None:
    check(case, tmp_path, "-O2")


@pytest.mark.exhaustive
@pytest.mark.parametrize("level", ["-O0", "-Os", "-O3"])
@pytest.mark.parametrize("case", CASES)
def test_all_bits_where_int_has_16_bits(case: str, level: str, tmp_path: Path) -> None:
    check(case, tmp_path, level)


def test_constants_are_not_in_ram(tmp_path: Path) -> None:
    """Neither weights nor tables nor the self-test's steps: nothing is left but the C library's."""
    need("avr-gcc")
    api.export(zoo.program("mlp"), tmp_path / "a", name="zoo")
    main = ('#define ZOO_SELFTEST\n#define ZOO_IMPLEMENTATION\n#include "policy.h"\n'
            'int main(void) { return zoo_selftest(); }\n')
    subprocess.run(["avr-gcc", "-mmcu=atmega2560", "-O2", f"-I{tmp_path / 'a'}", "-x", "c", "-",
                    "-o", tmp_path / "a.elf"], input=main, text=True, check=True)
    sizes = subprocess.run(["avr-size", "-A", tmp_path / "a.elf"], capture_output=True, text=True,
                           check=True).stdout
    found = re.search(r"^\.data +(\d+)", sizes, re.MULTILINE)
    assert found is None or found[1] == "0", sizes


def test_a_wrong_weight_is_found(tmp_path: Path) -> None:
    need("avr-gcc", "simavr")
    export_as_it_is("mlp_int8", tmp_path / "a")
    header = tmp_path / "a" / "policy.h"
    text = header.read_text()
    start = text.index("{\n", text.index("zoo_w0["))
    number = re.search(r"-?\d+", text[start:])
    assert number is not None
    first = start + number.start()
    header.write_text(text[:first] + "77" + text[start + number.end():])
    assert selftest(header, "zoo", "-std=gnu99", "-O2") > 0
