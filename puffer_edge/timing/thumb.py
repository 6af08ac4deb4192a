# SPDX-License-Identifier: MIT
"""Thumb code -> classes of instructions: ARMv7-M with the DSP extension, and floats of 32 bits.

The encodings are those of chapters A5 and A6 of the ARMv7-M Architecture Reference Manual
(DDI 0403); the names in the comments are its.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from puffer_edge.timing.instruction import Instruction, Kind

PC = 15


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
    top = code >> 12
    if top in (0b0110, 0b0111, 0b1000):  # STR, STRB, STRH and their loads, immediate
        return _single(bool(code >> 11 & 1), low, {middle}, 2)
    if top == 0b0101:  # the same, register
        return _single((code >> 9 & 7) >= 3, low, {middle, high}, 2)
    if top == 0b1001:  # STR, LDR from the stack
        return _single(bool(code >> 11 & 1), code >> 8 & 7, {13}, 2)
    if code >> 11 == 0b01001:  # LDR (literal)
        return _single(True, code >> 8 & 7, set(), 2)
    if top == 0b1100:  # STM, LDM
        return _several((code & 255).bit_count(), 2)
    if code & 0xF600 == 0xB400:  # PUSH, POP, with LR or PC
        return _several((code & 511).bit_count(), 2)
    branch = (
        code & 0xF500 == 0xB100                            # CBZ, CBNZ
        or (top == 0b1101 and code >> 8 & 15 < 14)         # B with a condition
        or code >> 11 == 0b11100                           # B
        or code & 0xFF00 == 0x4700                         # BX, BLX
        or (code & 0xFD00 == 0x4400 and code & 0x87 == 0x87))  # ADD, MOV to PC
    return Instruction(Kind.BRANCH if branch else Kind.ALU, 2)


def _wide(first: int, second: int) -> Instruction:
    """32 bits; ``group`` and ``op`` are op1 and op2 of table A5-9."""
    group, op = first >> 11 & 3, first >> 4 & 0x7F
    if group == 2:
        if second & 0x8000 == 0:
            return Instruction(Kind.ALU, 4)
        branch = second & 0x1000 or (second & 0x4000 == 0 and first >> 7 & 7 != 7)
        return Instruction(Kind.BRANCH if branch else Kind.ALU, 4)
    if op & 0x40:
        return _coprocessor(first, second)
    if group == 1:
        if op & 0x20:  # data processing, shifted register
            return Instruction(Kind.ALU, 4)
        if op & 0x04 == 0:  # STM, LDM
            return _several(second.bit_count(), 4)
        if first & 0xFFF0 == 0xE8D0 and second & 0xFFE0 == 0xF000:  # TBB, TBH
            return Instruction(Kind.LOAD_BRANCH, 4)
        exclusive = first & 0xFF60 == 0xE840
        return _several(1 if exclusive else 2, 4)  # STRD, LDRD
    if op & 0x60 == 0:
        return _wide_single(first, second)
    divide = first & 0xFFD0 == 0xFB90 and second & 0x00F0 == 0x00F0
    return Instruction(Kind.DIVIDE if divide else Kind.ALU, 4)


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
    if first & 0x0E00 == 0x0C00:
        if first & 0x01E0 == 0x0040:  # VMOV between two core registers and two of the FPU
            return _float(Kind.FLOAT, {m, m + 1}, {m, m + 1}, words=2)
        load = bool(first >> 4 & 1)
        if first & 0x0120 == 0x0100:  # VLDR, VSTR
            double = second & 0x0100
            return _several(2, 4) if double else _single(load, target, {first & 15}, 4)
        return _several(second & 255, 4)  # VLDM, VSTM, VPUSH, VPOP
    if second & 0x10:  # VMOV, VMRS between a core register and one of the FPU
        return _float(Kind.FLOAT, {n}, set() if first & 0x10 else {n})
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


def _register(high: int, low: int) -> int:
    return 16 + ((high & 15) << 1 | low & 1)


def _single(load: bool, register: int, address: set[int], size: int) -> Instruction:
    if load:
        return Instruction(Kind.LOAD, size, 1, frozenset(address), frozenset((register,)))
    return Instruction(Kind.STORE, size, 1, frozenset(address | {register}))


def _several(words: int, size: int) -> Instruction:
    return Instruction(Kind.SEVERAL, size, words)


def _float(kind: Kind, reads: Iterable[int], writes: Iterable[int], words: int = 1) -> Instruction:
    return Instruction(kind, 4, words, frozenset(reads), frozenset(writes))
