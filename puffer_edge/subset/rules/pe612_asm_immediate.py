# SPDX-License-Identifier: MIT
"""Immediates that are too large."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.assembler import (
    MASKS,
    OFFSETS,
    immediate,
    instructions,
    is_thumb,
    name,
)
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE612", "asm-immediate", ast.FunctionDef,
      reason="An instruction has a few bits for a number, and for some only every second or "
             "fourth number: SyntaxError.",
      instead="a shift; on cores above ARMv6-M movwt(r7, number).",
      bad="import micropython\n@micropython.asm_thumb\ndef f(r0):\n    mov(r0, 256)",
      good="import micropython\n@micropython.asm_thumb\ndef f(r0):\n    mov(r0, 255)\n"
           "    ldr(r1, [r0, 124])")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    if not is_thumb(node):
        return
    for call in instructions(node):
        if not call.args:
            continue
        last, mask = call.args[-1], MASKS.get((name(call), len(call.args)))
        if isinstance(last, ast.List) and len(last.elts) == 2:
            last, mask = last.elts[1], OFFSETS.get(name(call))
        number = immediate(last)
        if number is None or mask is None:
            continue
        if number & ~mask:
            yield call, f"{name(call)} takes numbers in the mask {mask:#x} only"
        elif call.args[0] is not last and ast.unparse(call.args[0]) in HIGH:
            yield call, f"{name(call)} with a number takes registers up to r7 only"


HIGH = {f"r{i}" for i in range(8, 16)}
