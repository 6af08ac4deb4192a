# SPDX-License-Identifier: MIT
"""The bare-metal project of a Pico runs on rp2040py, from the second stage of boot to the UART."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from puffer_edge.firmware.project import project
from puffer_edge.sizing import compare
from tests.firmware.test_frameworks import tool
from tests.firmware.test_project import export, make
from tests.tools import need

RUNNER = Path(__file__).with_name("run_rp2040.py")
SECOND_STAGE = """
    .syntax unified
    .cpu cortex-m0plus
    .thumb
    ldr r3, ssi
    movs r0, #0
    str r0, [r3, #8]
    movs r0, #4
    str r0, [r3, #0x14]
    ldr r0, frames
    str r0, [r3]
    ldr r0, command
    ldr r2, spi
    str r0, [r2]
    movs r0, #0
    str r0, [r3, #4]
    movs r0, #1
    str r0, [r3, #8]
    ldr r0, vectors
    ldr r1, vtor
    str r0, [r1]
    ldmia r0!, {r1, r2}
    msr msp, r1
    bx r2
    .align 2
ssi: .word 0x18000000
frames: .word 31 << 16 | 3 << 8
command: .word 0x03 << 24 | 2 << 8 | 6 << 2
spi: .word 0x180000f4
vectors: .word 0x10000100
vtor: .word 0xe000ed08
"""


def crc(data: bytes) -> int:
    """As the boot ROM computes it: RP2040 datasheet, 2.8.1.3.1."""
    found = 0xFFFF_FFFF
    for byte in data:
        found ^= byte << 24
        for _ in range(8):
            found = (found << 1 ^ (0x04C1_1DB7 if found >> 31 else 0)) & 0xFFFF_FFFF
    return found


def run(image: Path, text: str) -> str:
    done = subprocess.run([tool("python"), str(RUNNER), str(image), text, "60"], timeout=120,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_second_stage_is_what_its_source_says(tmp_path: Path) -> None:
    need("make", "arm-none-eabi-gcc")
    project(export(tmp_path / "a"), "pico", tmp_path / "p")
    built = make(tmp_path / "p")
    assert built.returncode == 0 and "warning" not in built.stderr, built.stderr
    image = (tmp_path / "p" / "policy.bin").read_bytes()
    (tmp_path / "boot2.s").write_text(SECOND_STAGE)
    subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-c", "boot2.s"], cwd=tmp_path,
                   check=True)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "boot2.o", "boot2.bin"],
                   cwd=tmp_path, check=True)
    code = (tmp_path / "boot2.bin").read_bytes()
    assert image[:252] == code.ljust(252, b"\0")
    assert int.from_bytes(image[252:256], "little") == crc(image[:252])
    stack, entry = (int.from_bytes(image[at : at + 4], "little") for at in (256, 260))
    assert stack == 0x2004_0000 and 0x1000_0100 < entry < 0x1000_0000 + len(image)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", ["mlp", "lstm_int8"])
def test_it_runs_on_an_emulated_pico(case: str, tmp_path: Path) -> None:
    need("make", "arm-none-eabi-gcc")
    project(export(tmp_path / "a", case), "pico", tmp_path / "p", estimate=lambda: (1.0, 2000.0))
    assert make(tmp_path / "p").returncode == 0
    said = run(tmp_path / "p" / "policy.bin", "step cycles")
    assert said.startswith("selftest 0\n")
    told = compare(said)  # what `report-time` makes of it
    assert told.selftest == 0 and told.estimated == (125, 250_000) and told.off == 0
    cycles = re.search(r"step cycles (\d+) longest (\d+) estimated 125 to 250000\n", said)
    assert cycles is not None and 500 < int(cycles[1]) <= int(cycles[2]) < 240_000
    header = tmp_path / "p" / "policy.h"
    text = header.read_text()
    start = text.index("{", text.index(" lander_w0["))  # the first matrix
    digit = next(at for at in range(start, len(text)) if text[at] in "12345678")
    header.write_text(text[:digit] + "9" + text[digit + 1:])
    assert make(tmp_path / "p").returncode == 0
    said = run(tmp_path / "p" / "policy.bin", "selftest")
    assert re.fullmatch(r"selftest [1-9]\d*\n", said)
