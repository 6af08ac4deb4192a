# SPDX-License-Identifier: MIT
"""Cycles by hand, by the rules of the table, and over a whole step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from puffer_edge.artefact.opening import read_subject
from puffer_edge.targets import TARGETS
from puffer_edge.timing import CORES, Clock, Flash
from puffer_edge.timing.flash import Waiting
from puffer_edge.toolchains import find_toolchain
from puffer_edge.verification.emulators.unicorn_machine import UnicornMachine
from puffer_edge.verification.harness import ImageBuilder
from tests.support.exporting import export_as_it_is
from tests.tools import need

M4 = CORES["cortex-m4"]
RULES = {
    "arithmetic takes one": ("4018 4018", 1 + 1),                   # adds r0, r0, r1
    "a load takes two": ("0868 4018", 2 + 1),                       # ldr r0, [r1]
    "a load behind a load takes one": ("0868 5a68", 2 + 1),         # ldr r2, [r3, #4]
    "but not one that waits for it": ("0868 0268", 2 + 2),          # ldr r2, [r0]
    "nor one behind something else": ("0868 4018 5a68", 2 + 1 + 2),
    "a store takes one": ("0860", 1),                               # str r0, [r1]
    "many loads take one more than their words": ("0fc9", 1 + 4),   # ldmia r1, {r0-r3}
    "so do those of the stack": ("f8b5", 1 + 6),                    # push {r3-r7, lr}
    "two words": ("d1e90023", 1 + 2),                               # ldrd r2, r3, [r1]
    "floats of many": ("b0ec040a", 1 + 4),                          # vldmia r0!, {s0-s3}
    "floats one by one": ("20ee810a 20ee810a", 1 + 1),              # vmul.f32 s0, s1, s2
    "a float that waits": ("20ee810a 30ee201a", 1 + 1 + 1),         # vadd.f32 s2, s0, s1
    "product and sum": ("a0ee810a", 3),                             # vfma.f32 s0, s1, s2
    "a float's division": ("80ee810a", 14),                         # vdiv.f32 s0, s1, s2
    "a division": ("90fbf1f0", 6),                                  # sdiv r0, r0, r1
    "a branch": ("fed1", 1)}                                        # bne


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_of_the_table(rule: str) -> None:
    """As the manual of the core has it; the branch into the code is beside it."""
    code, cycles = RULES[rule]
    memory = bytes.fromhex(code.replace(" ", ""))
    clock = Clock(M4, lambda address, size: memory[address:][:size])
    clock.block(0, len(memory))
    assert clock.cycles == cycles + M4.taken


def test_a_branch_that_is_not_taken_costs_nothing_more() -> None:
    clock = Clock(M4, lambda *_: bytes.fromhex("fed1"))
    clock.block(0, 2)
    clock.block(2, 2)
    assert clock.cycles == M4.taken + 1 + 1
    clock.block(2, 2)
    assert clock.cycles == 2 * M4.taken + 3 and clock.instructions == 3


def test_flash_waits_for_lines_that_are_in_no_cache() -> None:
    """Two lines of each cache, five cycles per line of 16 bytes."""
    waiting = Waiting(Flash(5, instruction_lines=2, data_lines=2))
    waiting.execute(0x100, 40)  # goes on, so that only the first line is waited for
    assert (waiting.code_misses, waiting.data_misses) == (1, 0)
    waiting.execute(0x110, 20)  # both are there
    assert waiting.code_misses == 1
    waiting.execute(0x100, 2)  # was forgotten
    assert waiting.code_misses == 2
    for address in (0x1000, 0x1004, 0x100C, 0x1010, 0x1000):
        waiting.read(address, 4)
    assert waiting.data_misses == 2
    waiting.read(0x101E, 4)  # across two lines, of which one is there
    waiting.read(0x1000, 4)  # was forgotten
    waiting.read(0x2000_0000, 4)  # no flash
    assert waiting.data_misses == 4 and waiting.cycles == 5 * 6


def test_a_step_has_the_instructions_of_the_counter(tmp_path: Path) -> None:
    """The clock takes the same blocks; cycles are 1 to 2.5 per instruction."""
    need("arm-none-eabi-gcc")
    subject = read_subject(export_as_it_is("conv_int8", tmp_path / "a"))
    machine = UnicornMachine(ImageBuilder(
        tmp_path / "a" / "policy.h", subject.spec, TARGETS["cortex-m4"], find_toolchain("gcc"),
        tmp_path).image)
    observation = np.asarray(subject.vectors.observations[0]).tobytes()
    counted = machine.step(observation).instructions
    free, slow = (Clock(M4, machine.code, flash) for flash in (None, Flash(5)))
    for clock in (free, slow):
        machine.reset()
        machine.timed_step(observation, clock)
    assert counted is not None and free.instructions == slow.instructions == counted
    assert counted < free.cycles < 2.5 * counted
    assert free.cycles == slow.cycles and free.stalls == 0 < slow.stalls
    machine.reset()
    assert machine.step(observation).instructions == counted
