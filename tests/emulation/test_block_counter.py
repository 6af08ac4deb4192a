# SPDX-License-Identifier: MIT
"""The counter in C and the one in Python give the same counts, and either works alone."""

import pytest

from puffer_edge.errors import VerificationError
from puffer_edge.verification.emulators import block_counter, unicorn_machine
from puffer_edge.verification.emulators.block_counter import BlockCounter, NativeBlockCounter
from puffer_edge.verification.emulators.instructions import count_instructions
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from tests.support.cores import EMULATED

from .conftest import Build

OBSERVATION = bytes(32)


@pytest.mark.parametrize("target", EMULATED)
def test_both_counters_agree(build: Build, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    image = build(target).image
    counts = []
    for counter in (NativeBlockCounter, BlockCounter):
        monkeypatch.setattr(unicorn_machine, "count_blocks", counter)
        machine = UnicornMachine(image, instruction_limit=100_000)
        counts.append([machine.step(OBSERVATION).instructions for _ in range(3)])
        limited = UnicornMachine(image, instruction_limit=500)
        with pytest.raises(VerificationError, match="does not end within 500 instructions"):
            limited.step(OBSERVATION)
    assert counts[0] == counts[1]
    assert min(counts[0]) > 500


def test_python_counts_where_there_is_no_compiler(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = build("cortex-m4").image
    assert isinstance(UnicornMachine(image)._counter, NativeBlockCounter)
    monkeypatch.setattr(block_counter, "_library", lambda: None)
    assert isinstance(UnicornMachine(image)._counter, BlockCounter)


@pytest.mark.parametrize(
    ("code", "thumb", "count"),
    [
        ("00bf 7047", True, 2),  # nop; bx lr
        ("00f0 01f8 00bf", True, 2),  # bl; nop
        ("ffe7 00e8 0000 30ee 200a", True, 3),  # b (0b11100, narrow); 0b11101; 0b11101 (vadd.f32)
        ("0100 13050500 8280", False, 3),  # c.nop; addi a0,a0,0; c.jr ra
        ("", True, 0),
    ],
)
def test_lengths(code: str, thumb: bool, count: int) -> None:
    assert count_instructions(bytes.fromhex(code), thumb=thumb) == count
