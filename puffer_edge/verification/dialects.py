# SPDX-License-Identifier: MIT
"""How instruction sets call, jump and push, in the words of binutils' disassembler."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """One instruction set; patterns match from the start of an instruction.

    Attributes:
        call, jump: those that name where they go.
        end: what never goes on to the next instruction.
        indirect: calls of, and jumps to, an address that is computed, but for returns.
        pushed: bytes that an instruction puts on the stack; None where it does not tell.
        entry: bytes that a call puts there by itself.
        no_call: what looks like a call, and makes room on the stack.
        far: compilers jump far inside of a function by a call, as Thumb's has the longest reach.
    """

    call: re.Pattern[str]
    jump: re.Pattern[str]
    end: re.Pattern[str]
    indirect: re.Pattern[str]
    pushed: Callable[[str], int | None]
    entry: int = 0
    no_call: re.Pattern[str] = re.compile("$")
    far: bool = False


def _thumb(text: str) -> int | None:
    if found := re.match(r"v?(?:push|stmdb)(?:\.w)? (?:sp!, )?\{(.*)\}", text):
        return sum(map(_bytes, found[1].split(",")))
    if found := re.match(r"sub(?:\.w|w)? sp, (?:sp, )?#(\d+)", text):
        return int(found[1])
    if found := re.match(r"v?str\S* .*\[sp, #-(\d+)\]!", text):
        return int(found[1])
    return None if re.match(r"(sub|add)(\.w)? sp, (sp, )?r", text) else 0


def _bytes(registers: str) -> int:
    """Of a register, or of a range such as ``d8-d15``."""
    first, _, last = registers.strip().partition("-")
    count = int(last[1:]) - int(first[1:]) + 1 if last else 1
    return count * (8 if first.startswith("d") else 4)


def _riscv(text: str) -> int | None:
    if found := re.match(r"addi? sp,sp,(-?\d+)", text):
        return max(-int(found[1]), 0)
    return None if re.match(r"(add|sub) sp,", text) else 0


def _avr(text: str) -> int | None:
    if text.startswith("push ") or _ROOM.match(text):
        return 3 if _ROOM.match(text) else 1
    # A frame is subtracted from Y, which then goes into the stack pointer.
    return None if re.match("out 0x3[de],", text) else 0


_ROOM = re.compile(r"rcall \.\+0\b")

DIALECTS = {
    "thumb": Dialect(
        call=re.compile(r"blx?(\.w)? "),
        jump=re.compile(r"(b(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?(\.[nw])?|cbn?z) "),
        end=re.compile(r"b(\.[nw])? |bx |(pop|ldmia)(\.w)? .*pc\}|(ldr(\.w)?|mov|add) pc"
                       r"|tb[bh] |udf"),
        indirect=re.compile(r"blx r|bx (?!lr)|mov pc, (?!lr)|ldr(\.w)? pc, (?!\[sp)|add pc|tb[bh] "
                            r"|bl .*<__gnu_thumb1_case"), pushed=_thumb, far=True),
    "riscv32": Dialect(
        call=re.compile(r"jalr? "), jump=re.compile(r"(j|jr|b\w+) "),
        end=re.compile(r"(j|jr|ret|ebreak|unimp)\b"),
        indirect=re.compile(r"jalr (?!.*<)|jr (?!ra|.*<)"), pushed=_riscv),
    "avr": Dialect(
        call=re.compile(r"r?call "), jump=re.compile(r"(r?jmp|br\w+) "),
        end=re.compile(r"(r?jmp|e?ijmp|reti?)\b"),
        indirect=re.compile(r"e?i(call|jmp)\b|r?jmp .*<__tablejump"),
        pushed=_avr, entry=3, no_call=_ROOM),
}
"""By ``Target.isa``. The address of return on an AVR has 3 bytes where flash is above 128 KB."""
