# SPDX-License-Identifier: MIT
"""Thumb code -> classes of instructions: ARMv7-M with the DSP extension, and floats of 32 bits.

The encodings are those of chapters A5 and A6 of the ARMv7-M Architecture Reference Manual
(DDI 0403); the names in the comments are its.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from puffer_edge.timing.instruction import Instruction, Kind

SP, LR, PC = 13, 14, 15
FLOAT_0 = 32
_NO_RESULT = (8, 10, 11)  # TST, CMP, CMN
_ONE_OPERAND = (9, 15)  # RSB, MVN


def decode(code: bytes) -> Iterator[Instruction]:
    """The instructions of a straight piece of code, little-endian."""
    position = 0
    while position + 1 < len(code):
        first = code[position] | code[position + 1] << 8
        if first >> 11 < 0b11101 or position + 3 >= len(code):
            yield _narrow(first)
            position += 2
        else:
            yield _wide(first, code[position + 2] | code[position + 3] << 8)
            position += 4


def _narrow(code: int) -> Instruction:
    """16 bits."""
    low, middle, high = code & 7, code >> 3 & 7, code >> 6 & 7
    top, register = code >> 12, code >> 8 & 7
    if top in (0b0110, 0b0111, 0b1000):  # STR, STRB, STRH and their loads, immediate
        return _single(bool(code >> 11 & 1), low, {middle}, 2)
    if top == 0b0101:  # the same, register
        return _single((code >> 9 & 7) >= 3, low, {middle, high}, 2)
    if top == 0b1001:  # STR, LDR from the stack
        return _single(bool(code >> 11 & 1), register, {SP}, 2)
    if code >> 11 == 0b01001:  # LDR (literal)
        return _single(True, register, set(), 2)
    if top == 0b1100:  # STM, LDM
        return _several(code & 255, {register}, bool(code >> 11 & 1), 2)
    if code & 0xF600 == 0xB400:  # PUSH, POP, with LR or PC
        more = (PC if code >> 11 & 1 else LR) if code >> 8 & 1 else None
        return _several(code & 255 | (1 << more if more else 0), {SP}, bool(code >> 11 & 1), 2)
    branch = (
        (top == 0b1101 and code >> 8 & 15 < 14)            # B with a condition
        or code >> 11 == 0b11100                           # B
        or (code & 0xFD00 == 0x4400 and code & 0x87 == 0x87))  # ADD, MOV to PC
    if branch:
        return Instruction(Kind.BRANCH, 2)
    if code & 0xFF00 == 0x4700:  # BX, BLX
        return _plain(Kind.BRANCH, 2, {code >> 3 & 15}, set())
    if code & 0xF500 == 0xB100:  # CBZ, CBNZ
        return _plain(Kind.BRANCH, 2, {low}, set())
    return _narrow_data(code)


def _narrow_data(code: int) -> Instruction:
    """Shifts, sums, logic, moves, extensions of 16 bits."""
    low, middle, high = code & 7, code >> 3 & 7, code >> 6 & 7
    register = code >> 8 & 7
    if code >> 13 == 0:  # LSL, LSR, ASR by a constant; ADD, SUB of registers or 3 bits
        two = code >> 11 == 3 and not code >> 10 & 1
        return _plain(Kind.ALU, 2, {middle, high} if two else {middle}, {low})
    if code >> 13 == 1:  # MOV, CMP, ADD, SUB of 8 bits
        what = code >> 11 & 3
        return _plain(Kind.ALU, 2, {register} if what else set(), set() if what == 1 else
                      {register})
    if code >> 10 == 0b010000:  # data processing
        what = code >> 6 & 15
        return _plain(Kind.MULTIPLY if what == 13 else Kind.ALU, 2,
                      {middle} if what in _ONE_OPERAND else {low, middle},
                      set() if what in _NO_RESULT else {low})
    if code >> 10 == 0b010001:  # ADD, CMP, MOV of any registers
        what, target, operand = code >> 8 & 3, low | code >> 4 & 8, code >> 3 & 15
        return _plain(Kind.ALU, 2, {operand} if what == 2 else {operand, target},
                      set() if what == 1 else {target})
    if code >> 12 == 0b1010:  # ADR, ADD of SP
        return _plain(Kind.ALU, 2, {SP} if code >> 11 & 1 else set(), {register})
    if code >> 8 == 0xB0:  # ADD, SUB to SP
        return _plain(Kind.ALU, 2, {SP}, {SP})
    if code >> 8 in (0xB2, 0xBA):  # SXTH, SXTB, UXTH, UXTB; REV, REV16, REVSH
        return _plain(Kind.SHIFT, 2, {middle}, {low})
    return Instruction(Kind.ALU, 2)


def _wide(first: int, second: int) -> Instruction:
    """32 bits; ``group`` and ``op`` are op1 and op2 of table A5-9."""
    group, op = first >> 11 & 3, first >> 4 & 0x7F
    base = first & 15
    if group == 2:
        if second & 0x8000 == 0:
            return _wide_immediate(first, second)
        if second & 0x5000 == 0x5000:  # BL
            return Instruction(Kind.CALL, 4)
        branch = second & 0x1000 or (second & 0x4000 == 0 and first >> 7 & 7 != 7)
        return Instruction(Kind.BRANCH if branch else Kind.ALU, 4)
    if op & 0x40:
        return _coprocessor(first, second)
    if group == 1:
        if op & 0x20:  # data processing, shifted register
            shifted = bool(second & 0x70F0) and base != PC  # a move is the shift itself
            return _plain(Kind.SHIFT if shifted else Kind.ALU, 4, {base, second & 15},
                          {second >> 8 & 15})
        if op & 0x04 == 0:  # STM, LDM
            return _several(second, {base}, bool(first >> 4 & 1), 4)
        if first & 0xFFF0 == 0xE8D0 and second & 0xFFE0 == 0xF000:  # TBB, TBH
            return _plain(Kind.LOAD_BRANCH, 4, {base, second & 15}, set())
        if first & 0xFF60 == 0xE840:  # STREX, LDREX
            return Instruction(Kind.SEVERAL, 4)
        moved = {second >> 12, second >> 8 & 15}
        load = bool(first >> 4 & 1)
        return Instruction(Kind.SEVERAL, 4, 2, frozenset({base}),
                           frozenset(moved if load else ()))  # STRD, LDRD
    if op & 0x60 == 0:
        return _wide_single(first, second)
    return _wide_product(first, second) if op & 0x10 else _wide_register(first, second)


def _wide_immediate(first: int, second: int) -> Instruction:
    """Data processing with a modified or a plain immediate."""
    base, target = first & 15, second >> 8 & 15
    if not first & 0x0200:
        return _plain(Kind.ALU, 4, {base}, {target})
    what = first >> 4 & 31
    if what in (4, 12):  # MOVW, MOVT
        return _plain(Kind.ALU, 4, {target} if what == 12 else set(), {target})
    if what < 16:  # ADDW, SUBW, ADR
        return _plain(Kind.ALU, 4, {base}, {target})
    return _plain(Kind.SHIFT, 4, {base, target} if what == 22 else {base}, {target})  # BFI; SBFX...


def _wide_register(first: int, second: int) -> Instruction:
    """Shifts by a register; extensions, parallel sums, REV, CLZ."""
    shift = not first & 0x0080 and not second & 0x00F0
    return _plain(Kind.ALU if shift else Kind.SHIFT, 4, {first & 15, second & 15},
                  {second >> 8 & 15})


def _wide_product(first: int, second: int) -> Instruction:
    """MUL, MLA and their DSP forms; the long ones; SDIV and UDIV."""
    factors, high, low = {first & 15, second & 15}, second >> 8 & 15, second >> 12
    if not first & 0x0080:
        return _plain(Kind.MULTIPLY if low == PC else Kind.MULTIPLY_SUM, 4, factors | {low},
                      {high})
    if first & 0xFFD0 == 0xFB90 and second & 0x00F0 == 0x00F0:
        return _plain(Kind.DIVIDE, 4, factors, {high})
    if first & 0x0040:
        return _plain(Kind.LONG_MULTIPLY_SUM, 4, factors | {low, high}, {low, high})
    return _plain(Kind.LONG_MULTIPLY, 4, factors, {low, high})


def _wide_single(first: int, second: int) -> Instruction:
    """STR and LDR of a byte, halfword or word, and hints."""
    base, register, load = first & 15, second >> 12, bool(first >> 4 & 1)
    if load and register == PC:
        return Instruction(Kind.LOAD_BRANCH if first >> 5 & 3 == 2 else Kind.ALU, 4)
    by_register = not first & 0x0080 and not second & 0x0800 and base != PC
    return _single(load, register, {base, second & 15} if by_register else {base}, 4)


def _coprocessor(first: int, second: int) -> Instruction:
    """The FPU; registers of double precision are pairs of those of single."""
    if second & 0x0E00 != 0x0A00:
        return Instruction(Kind.ALU, 4)
    target = _register(second >> 12, first >> 6)
    n, m = _register(first, second >> 7), _register(second, second >> 5)
    if first >> 12 == 0xF:  # of FPv5: VSEL, VMAXNM, VMINNM; VCVTA..., VRINT of one operand
        return _float(Kind.FLOAT, {m} if first & 0x00B0 == 0x00B0 else {n, m}, {target})
    if first & 0x0E00 == 0x0C00:
        return _float_transfer(first, second, target, m)
    if second & 0x10:  # VMOV, VMRS between a core register and one of the FPU
        core = {second >> 12} - {PC}
        there = bool(first & 0x10)
        return _float(Kind.FLOAT, {n} if there else {n} | core, core if there else {n})
    operation = first >> 4 & 0b1011
    if operation in (0b0000, 0b0001, 0b1001, 0b1010):  # VMLA, VNMLA, VFNMA, VFMA and VxxS
        return _float(Kind.FLOAT_PRODUCT_SUM, {target, n, m}, {target})
    if operation == 0b1000:
        return _float(Kind.FLOAT_DIVIDE, {n, m}, {target})
    if operation == 0b1011:
        what = first & 15
        if what == 1 and second & 0x00C0 == 0x00C0:  # VSQRT
            return _float(Kind.FLOAT_DIVIDE, {m}, {target})
        if what in (4, 5):  # VCMP
            return _float(Kind.FLOAT, {target, m}, set())
        if second & 0x0040 == 0:  # VMOV (immediate)
            return _float(Kind.FLOAT, set(), {target})
        return _float(Kind.FLOAT, {m} if what < 10 else {target, m}, {target})
    return _float(Kind.FLOAT, {n, m}, {target})


def _float_transfer(first: int, second: int, target: int, m: int) -> Instruction:
    """Loads and stores of the FPU, and VMOV of two registers."""
    if first & 0x01E0 == 0x0040:  # between two core registers and two of the FPU
        return _float(Kind.FLOAT, {m, m + 1}, {m, m + 1}, words=2)
    load, base, double = bool(first >> 4 & 1), first & 15, second & 0x0100
    if first & 0x0120 == 0x0100 and not double:  # VLDR, VSTR
        return _single(load, target, {base}, 4)
    words = 2 if first & 0x0120 == 0x0100 else second & 255  # VLDR of a pair; VLDM, VPUSH...
    start = FLOAT_0 + (2 * (second >> 12 | first >> 2 & 16) if double else target - FLOAT_0)
    moved = frozenset(range(start, start + words)) if load else frozenset[int]()
    return Instruction(Kind.SEVERAL, 4, words, frozenset({base}), moved)


def _register(high: int, low: int) -> int:
    return FLOAT_0 + ((high & 15) << 1 | low & 1)


def _plain(kind: Kind, size: int, reads: Iterable[int], writes: Iterable[int]) -> Instruction:
    """Of core registers; PC stands for none in most encodings."""
    return Instruction(kind, size, 1, frozenset(reads) - {PC}, frozenset(writes) - {PC})


def _single(load: bool, register: int, address: set[int], size: int) -> Instruction:
    if load:
        return Instruction(Kind.LOAD, size, 1, frozenset(address), frozenset((register,)))
    return Instruction(Kind.STORE, size, 1, frozenset(address | {register}))


def _several(registers: int, base: set[int], load: bool, size: int) -> Instruction:
    moved = frozenset(each for each in range(16) if registers >> each & 1)
    return Instruction(Kind.SEVERAL, size, len(moved), frozenset(base),
                       moved - {PC} if load else frozenset(), load and PC in moved)


def _float(kind: Kind, reads: Iterable[int], writes: Iterable[int], words: int = 1) -> Instruction:
    return Instruction(kind, 4, words, frozenset(reads), frozenset(writes))
