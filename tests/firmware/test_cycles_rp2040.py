# SPDX-License-Identifier: MIT
"""The Cortex-M0+'s table beside rp2040py, which counts cycles itself, at zero wait states."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from puffer_edge.firmware.project import project
from puffer_edge.timing import CORES, Clock
from puffer_edge.timing.thumb import decode
from tests.firmware.test_frameworks import tool
from tests.firmware.test_project import export, make
from tests.tools import need

TRACER = Path(__file__).with_name("trace_rp2040.py")
FLASH, STACK, BUFFERS = 0x1000_0000, 0x2004_0000, (0x2001_0000, 0x2002_0000, 0x2002_1000)
BOUND = 0.02


def blocks(addresses: list[int], sizes: dict[int, int]) -> list[tuple[int, int]]:
    """Straight pieces of what was executed: start and bytes; a branch ends one."""
    found: list[tuple[int, int]] = []
    for address in addresses:
        start, size = found[-1] if found else (-1, 0)
        if start + size == address:
            found[-1] = (start, size + sizes[address])
        else:
            found.append((address, sizes[address]))
    return found


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", ["mlp", "mlp_int8", "lstm_int8", "gru_2_layers_int16",
                                  "conv_int8"])
def test_the_cycles_of_a_step_are_the_emulators(case: str, tmp_path: Path) -> None:
    need("make", "arm-none-eabi-gcc")
    project(export(tmp_path / "a", case), "pico", tmp_path / "p")
    assert make(tmp_path / "p").returncode == 0
    names = subprocess.run(["arm-none-eabi-nm", tmp_path / "p" / "policy.elf"], text=True,
                           capture_output=True, check=True).stdout
    step = re.search(r"^(\w+) T lander_step(?:_q)?$", names, re.MULTILINE)
    assert step is not None, names
    image = tmp_path / "p" / "policy.bin"
    told = subprocess.run(
        [tool("python"), str(TRACER), str(image),
         *(str(each) for each in (int(step[1], 16), STACK, *BUFFERS))],
        capture_output=True, text=True, check=True, timeout=300).stdout.split()
    cycles, addresses = int(told[0]), [int(each) for each in told[1:]]
    code = image.read_bytes()

    def at(address: int, size: int) -> bytes:
        return code[address - FLASH :][:size]

    sizes = {address: next(decode(at(address, 4))).size for address in set(addresses)}
    clock = Clock(CORES["cortex-m0+"], at)
    for address, size in blocks(addresses, sizes):
        clock.block(address, size)
    assert clock.instructions == len(addresses) > 500
    # PUSH takes 1 + N; rp2040py 0.3.6 leaves the word of LR out, which soft floats push often.
    left_out = sum(at(address, 2)[1] == 0xB5 for address in addresses)
    for counted in {cycles + left_out, cycles + left_out if case == "mlp" else cycles}:
        assert abs(clock.cycles / counted - 1) < BOUND, (clock.cycles, counted)
    # What the bound can tell: one cycle less for a load, or none for a branch, is more than 2 %.
    assert cycles > 1.1 * len(addresses)
