# SPDX-License-Identifier: MIT
"""The header's checksum finds every flipped bit in weights and tables, in pieces too."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests import zoo
from tests.support.exporting import header_as_it_is
from tests.tools import need

FLIPS = r"""
static uint64_t seed = 1;
static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

int main(void)
{
    static const struct { uint8_t *data; uint32_t size; } parts[] = {PARTS};
    uint32_t total = 0, missed = 0, i, flip;
    for (i = 0; i < sizeof parts / sizeof parts[0]; i++) total += parts[i].size;
    if (total != TOTAL || zoo_check() != 0) return 100;
    for (flip = 0; flip < FLIPS; flip++) {
        uint32_t place = draw(total), bit = draw(8);
        for (i = 0; place >= parts[i].size; i++) place -= parts[i].size;
        parts[i].data[place] ^= (uint8_t)(1u << bit);
        missed += zoo_check() != -1;
        parts[i].data[place] ^= (uint8_t)(1u << bit);
    }
    return zoo_check() != 0 ? 101 : missed > 99 ? 99 : (int)missed;
}
"""

PIECES = r"""
int main(void)
{
    static const uint32_t pieces[] = {1, 2, 7, 64, TOTAL - 1, TOTAL, TOTAL + 1, 0xffffffffu};
    uint32_t i;
    zoo_check_t check = {0, 0, 0};
    for (i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        uint32_t calls = 0, step = pieces[i];
        int result;
        do { result = zoo_check_some(&check, step); calls++; } while (result == 1);
        if (result != 0) return 1;
        if (step < TOTAL && calls != (TOTAL + step - 1) / step) return 2;
        if (step >= TOTAL && calls != 1) return 3;
        if (check.part || check.offset || check.crc) return 4;
    }
    return zoo_check_some(&check, 0) == 1 ? 0 : 5;
}
"""


def run(directory: Path, main: str, *flags: str) -> int:
    need("gcc")
    (directory / "main.c").write_text(f'#define ZOO_IMPLEMENTATION\n#include "policy.h"\n{main}')
    subprocess.run(["gcc", "-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", *flags,
                    str(directory / "main.c"), "-o", str(directory / "main")], check=True)
    return subprocess.run([str(directory / "main")], check=False).returncode


def count_missed(case: str, directory: Path, flips: int) -> int:
    """Flips bits of constants, which lie in RAM here, and counts what the check does not find."""
    header = header_as_it_is(case, directory)
    # Every array of constants in the header, not those that the check names.
    names = re.findall(r"^static const [\w ]+ (zoo_w\d+)\[", header, re.MULTILINE)
    total = re.search(r"weights: ([\d,]+) bytes", header)
    assert names and total
    for name in names:  # nothing but these arrays loses its const
        header = re.sub(rf"^static const ([\w ]+ {name}\[)", r"static \1", header,
                        flags=re.MULTILINE)
    (directory / "policy.h").write_text(header)
    parts = ", ".join(f"{{(uint8_t *){name}, sizeof {name}}}" for name in names)
    main = FLIPS.replace("PARTS", parts).replace("TOTAL", total[1].replace(",", ""))
    return run(directory, main.replace("FLIPS", str(flips)), "-Wno-unused-function")


@pytest.mark.parametrize("case", ["mlp", "lstm_int8", "parts_int16", "conv_int8x16"])
def test_every_flipped_bit_is_found(case: str, tmp_path: Path) -> None:
    assert count_missed(case, tmp_path / "a", 500) == 0


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", [*zoo.CASES, *zoo.QUANTIZED])
def test_ten_thousand_flipped_bits_are_found(case: str, tmp_path: Path) -> None:
    if not re.search(r"zoo_w0\[", header_as_it_is(case, tmp_path / "a")):
        pytest.skip("this case has no constants")
    assert count_missed(case, tmp_path / "a", 10_000) == 0


def test_a_check_goes_in_pieces(tmp_path: Path) -> None:
    header = header_as_it_is("lstm_int8", tmp_path / "a")
    total = re.search(r"weights: ([\d,]+) bytes", header)
    assert total is not None
    assert run(tmp_path / "a", PIECES.replace("TOTAL", f"{total[1].replace(',', '')}u")) == 0


def test_the_self_test_finds_damage(tmp_path: Path) -> None:
    """A weight of a unit that is cut off changes no output, but the checksum."""
    header = header_as_it_is("mlp", tmp_path / "a")
    main = "int main(void) { return zoo_selftest(); }\n"
    assert run(tmp_path / "a", main, "-DZOO_SELFTEST") == 0
    changed = re.sub(r"(#define ZOO_CRC 0x)([0-9a-f])", lambda found: found[1] + (
        "1" if found[2] == "0" else "0"), header)
    assert changed != header
    (tmp_path / "a" / "policy.h").write_text(changed)
    assert run(tmp_path / "a", main, "-DZOO_SELFTEST") == 1
    assert run(tmp_path / "a", main, "-DZOO_SELFTEST", "-DZOO_NO_CHECK") == 0
