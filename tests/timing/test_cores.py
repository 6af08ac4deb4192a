# SPDX-License-Identifier: MIT
"""Each rule of each core's table by hand, as its source has it."""

from __future__ import annotations

import pytest

from puffer_edge.boards import boards
from puffer_edge.timing import CORES, Clock

ADDS, LDR, LDR_ON, LDR_WAITS, STR = "4018", "0868", "5a68", "0268", "0860"
PUSH, MUL, BNE, BL, BX = "f8b5", "4843", "fed1", "fff7feff", "7047"
POP_PC, LDMIA, LDRD, UXTB = "f8bd", "0fc9", "d1e90023", "c8b2"
MLA, SMULL, UMLAL, SDIV = "02fb0310", "82fb0301", "e2fb0301", "90fbf1f0"
SHIFTED, ADD_WAITS, VMUL, VADD_WAITS = "01eb8200", ADDS, "20ee810a", "30ee201a"
VFMA, VDIV, NEXT_VFMA = "a0ee810a", "80ee810a", "a0ee810a"
C_LW, LW, ADD_A5, SW, C_SW = "1c41", "83270500", "be95", "2320f500", "1cc1"
RV_MUL, RV_MULH, RV_DIV, AMO = "3385b702", "3395b702", "3345b502", "2f23a500"

RULES = [
    # DDI 0432C, table 3-1: loads and stores 2, several 1 + N, products 1.
    ("cortex-m0", ADDS, 1), ("cortex-m0", LDR, 2), ("cortex-m0", LDR + LDR_ON, 4),
    ("cortex-m0", STR, 2), ("cortex-m0", LDMIA, 5), ("cortex-m0", PUSH, 7), ("cortex-m0", MUL, 1),
    ("cortex-m0", BNE, 1), ("cortex-m0", UXTB, 1),
    # DDI 0484C, table 3-1: the same but for branches.
    ("cortex-m0+", ADDS, 1), ("cortex-m0+", LDR + LDR_ON, 4), ("cortex-m0+", STR, 2),
    ("cortex-m0+", LDMIA, 5), ("cortex-m0+", PUSH, 7), ("cortex-m0+", MUL, 1),
    # DDI 0337I, table 3-1: MLA 2, SMULL 3 to 5, UMLAL 4 to 7, SDIV 2 to 12.
    ("cortex-m3", LDR, 2), ("cortex-m3", LDR + LDR_ON, 3), ("cortex-m3", MUL, 1),
    ("cortex-m3", MLA, 2), ("cortex-m3", SMULL, 4), ("cortex-m3", UMLAL, 5), ("cortex-m3", SDIV, 7),
    ("cortex-m3", LDMIA, 5),
    # Arm 100166: products of any kind 1.
    ("cortex-m4", MLA, 1), ("cortex-m4", SMULL, 1), ("cortex-m4", UMLAL, 1),
    # cortex_m33.md: loads 1 and one more until use, products and inner shifts too.
    ("cortex-m33", LDR, 1), ("cortex-m33", LDR + LDR_WAITS, 3), ("cortex-m33", LDR + LDR_ON, 2),
    ("cortex-m33", LDR + ADD_WAITS, 3), ("cortex-m33", LDR + STR, 2), ("cortex-m33", LDMIA, 4),
    ("cortex-m33", LDRD, 2), ("cortex-m33", SHIFTED + ADD_WAITS, 3), ("cortex-m33", BNE, 0),
    ("cortex-m33", MUL + ADD_WAITS, 3), ("cortex-m33", MLA + MLA, 2),
    # Blog and repository of the ESP32-C3 and C6: loads 2; 1, and two more until use.
    ("rv32imc", C_LW, 2), ("rv32imc", C_LW + ADD_A5, 3), ("rv32imc", C_SW, 1), ("rv32imc", SW, 1),
    ("rv32imc", RV_MUL, 1), ("rv32imc", RV_MULH, 2), ("rv32imc", RV_DIV, 10),
    ("rv32imac", LW, 1), ("rv32imac", LW + ADD_A5, 4), ("rv32imac", C_LW + SW, 2),
    ("rv32imac", RV_MUL, 1), ("rv32imac", RV_MULH, 2), ("rv32imac", RV_DIV, 10),
    ("rv32imac", AMO, 6),
    # cortex_m7.md: two at once, unless they wait for each other or want the same part.
    ("cortex-m7", ADDS, 1), ("cortex-m7", ADDS + "d118", 1), ("cortex-m7", ADDS + ADDS, 2),
    ("cortex-m7", LDR + LDR_ON, 1), ("cortex-m7", LDR + "1a60", 1), ("cortex-m7", LDR + STR, 2),
    ("cortex-m7", STR + STR, 2),
    ("cortex-m7", LDR + ADD_WAITS, 3), ("cortex-m7", MUL + "4b43", 2),
    ("cortex-m7", MUL + "1360", 2), ("cortex-m7", MUL + "1b68", 1),
    ("cortex-m7", MUL + ADD_WAITS, 3), ("cortex-m7", "01fb0200" + "d118", 1),
    ("cortex-m7", "01fb0200" + "03fb0400", 2), ("cortex-m7", "01fb0250" + "03fb0400", 2),
    ("cortex-m7", "01fb0200" + "00fb0456", 3), ("cortex-m7", UXTB + "d9b2", 2),
    ("cortex-m7", LDMIA, 2), ("cortex-m7", PUSH, 3), ("cortex-m7", LDMIA + ADDS, 3),
    ("cortex-m7", VMUL + "61ee820a", 2), ("cortex-m7", VMUL + "d118", 1),
    ("cortex-m7", VMUL + VADD_WAITS, 4), ("cortex-m7", VDIV, 16), ("cortex-m7", SDIV, 8),
    ("cortex-m7", VFMA + VFMA, 4), ("cortex-m7", BNE, 1)]


def cycles(core: str, code: str) -> int:
    """Of a straight piece of code, without the branch that led to it."""
    memory = bytes.fromhex(code)
    clock = Clock(CORES[core], lambda address, size: memory[address:][:size])
    clock._end = 0  # what was before went on
    clock._foresight.right(0, False)
    clock._foresight.right(0, False)
    clock.block(0, len(memory))
    return clock.cycles


@pytest.mark.parametrize(("core", "code", "expected"), RULES)
def test_each_rule(core: str, code: str, expected: int) -> None:
    assert cycles(core, code) == expected


@pytest.mark.parametrize(("core", "code", "extra"), [
    # B, BX and BLX; BL; POP with the program counter, of 3 + N and 4 + N.
    ("cortex-m0", BNE, 2), ("cortex-m0", BX, 2), ("cortex-m0", BL, 3), ("cortex-m0", POP_PC, 3),
    ("cortex-m0+", BNE, 1), ("cortex-m0+", BX, 1), ("cortex-m0+", BL, 2),
    ("cortex-m0+", POP_PC, 2), ("cortex-m3", BNE, 3), ("cortex-m3", BL, 3),
    ("cortex-m4", BNE, 3), ("cortex-m33", BNE, 2), ("cortex-m33", BL, 1),
    ("rv32imc", "e3", 2), ("rv32imc", "01a0", 1), ("rv32imac", "01a0", 0)])
def test_a_branch_that_is_taken(core: str, code: str, extra: int) -> None:
    """Beside its own cycles."""
    memory = bytes.fromhex("e31ef5fe" if code == "e3" else code)
    clock = Clock(CORES[core], lambda address, size: memory)
    clock.block(0, len(memory))
    before, alone = clock.cycles, cycles(core, memory.hex())
    for _ in range(4):  # so that it is foreseen where anything is
        before = clock.cycles
        clock.block(0, len(memory))
    assert clock.cycles - before - alone == extra


def test_a_branch_that_is_not_foreseen() -> None:
    """A loop of ten on a Cortex-M7: its end was not foreseen, and costs 7; a second time too."""
    clock = Clock(CORES["cortex-m7"], lambda *_: bytes.fromhex(ADDS + BNE))
    clock.block(100, 4)
    for _ in range(2):
        for _ in range(9):
            clock.block(0, 4)
        start = clock.cycles
        clock.block(4, 4)
        assert clock.cycles - start == 1 + 7
        start = clock.cycles
        clock.block(0, 4)  # back, as from a function
        clock.block(0, 4)
        assert clock.cycles - start in (2, 2 + 7)


def test_every_table_has_a_source_and_says_what_it_was_compared_with() -> None:
    for name, core in CORES.items():
        assert ("Arm" in core.source or ".io/" in core.source or "github.com" in core.source), name
        assert "not validated" in core.validated, name
    measured = {board.core.name for board in boards().values()
                if board.core.target in ("cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7",
                                         "cortex-m33", "riscv32")}
    assert measured <= set(CORES)
