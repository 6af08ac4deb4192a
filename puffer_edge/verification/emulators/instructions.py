# SPDX-License-Identifier: MIT
"""How many instructions a piece of code holds, from the lengths that its encoding gives."""

from __future__ import annotations


def count_instructions(code: bytes, *, thumb: bool) -> int:
    """Counts the instructions of a straight piece of code.

    Both instruction sets mix 2- and 4-byte instructions and tell the length in the first halfword:
    Thumb is 4 bytes when the top five bits are 0b11101, 0b11110 or 0b11111 (ARMv7-M ARM, A5.1);
    RISC-V is 4 bytes when the low two bits are 0b11 (unprivileged ISA, 1.5).

    Args:
        code: machine code, little-endian.
        thumb: Thumb, else RISC-V with the C extension.
    """
    position = count = 0
    while position < len(code):
        halfword = code[position] | code[position + 1] << 8
        wide = halfword >> 11 >= 0b11101 if thumb else halfword & 0b11 == 0b11
        position += 4 if wide else 2
        count += 1
    return count
