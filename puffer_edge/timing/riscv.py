# SPDX-License-Identifier: MIT
"""RISC-V code -> classes of instructions: RV32IMAC.

The encodings are those of the unprivileged specification, chapters 2 (RV32I), 12 (M), 13 (A) and
26 (C), of version 20240411.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from puffer_edge.timing.instruction import Instruction, Kind


def decode(code: bytes) -> Iterator[Instruction]:
    """The instructions of a straight piece of code, little-endian."""
    position = 0
    while position + 1 < len(code):
        word = int.from_bytes(code[position : position + 4], "little")
        if word & 3 != 3:
            yield _narrow(word & 0xFFFF)
            position += 2
        else:
            yield _wide(word)
            position += 4


def _wide(word: int) -> Instruction:
    """32 bits."""
    opcode, target = word & 0x7F, word >> 7 & 31
    one, two = word >> 15 & 31, word >> 20 & 31
    if opcode == 0x03:  # LB, LH, LW, LBU, LHU
        return _made(Kind.LOAD, 4, {one}, {target})
    if opcode == 0x23:
        return _made(Kind.STORE, 4, {one, two}, ())
    if opcode == 0x63:
        return _made(Kind.BRANCH, 4, {one, two}, ())
    if opcode in (0x67, 0x6F):  # JALR, JAL
        return _made(Kind.JUMP, 4, {one} if opcode == 0x67 else (), {target})
    if opcode == 0x33:
        if word >> 25 != 1:
            return _made(Kind.ALU, 4, {one, two}, {target})
        what = word >> 12 & 7  # MUL; MULH, MULHSU, MULHU; DIV, DIVU, REM, REMU
        kind = Kind.MULTIPLY if what == 0 else Kind.LONG_MULTIPLY if what < 4 else Kind.DIVIDE
        return _made(kind, 4, {one, two}, {target})
    if opcode == 0x2F:  # LR, SC, AMO
        return Instruction(Kind.SEVERAL, 4, 2)
    if opcode in (0x37, 0x17):  # LUI, AUIPC
        return _made(Kind.ALU, 4, (), {target})
    return _made(Kind.ALU, 4, {one} if opcode == 0x13 else (), {target} if opcode == 0x13 else ())


def _narrow(code: int) -> Instruction:
    """16 bits; x and y are the short names of eight registers."""
    what, quadrant = code >> 13, code & 3
    x, y = 8 + (code >> 7 & 7), 8 + (code >> 2 & 7)
    target, operand = code >> 7 & 31, code >> 2 & 31
    if quadrant == 0:
        if what == 2:  # C.LW
            return _made(Kind.LOAD, 2, {x}, {y})
        if what == 6:  # C.SW
            return _made(Kind.STORE, 2, {x, y}, ())
        return _made(Kind.ALU, 2, {2}, {y})  # C.ADDI4SPN
    if quadrant == 1:
        if what in (1, 5):  # C.JAL, C.J
            return _made(Kind.JUMP, 2, (), {1} if what == 1 else ())
        if what in (6, 7):  # C.BEQZ, C.BNEZ
            return _made(Kind.BRANCH, 2, {x}, ())
        if what == 4:  # C.SRLI, C.SRAI, C.ANDI; C.SUB, C.XOR, C.OR, C.AND
            return _made(Kind.ALU, 2, {x, y} if code >> 10 & 3 == 3 else {x}, {x})
        # C.LI, C.LUI; C.ADDI, C.ADDI16SP
        fresh = what == 2 or (what == 3 and target != 2)
        return _made(Kind.ALU, 2, () if fresh else {target}, {target})
    if what == 2:  # C.LWSP
        return _made(Kind.LOAD, 2, {2}, {target})
    if what == 6:  # C.SWSP
        return _made(Kind.STORE, 2, {2, operand}, ())
    if what == 4:
        if operand == 0 and target:  # C.JR, C.JALR
            return _made(Kind.JUMP, 2, {target}, {1} if code >> 12 & 1 else ())
        return _made(Kind.ALU, 2, {target, operand} if code >> 12 & 1 else {operand}, {target})
    return _made(Kind.ALU, 2, {target}, {target})  # C.SLLI


def _made(kind: Kind, size: int, reads: Iterable[int], writes: Iterable[int]) -> Instruction:
    """Register 0 is no register."""
    return Instruction(kind, size, 1, frozenset(reads) - {0}, frozenset(writes) - {0})
