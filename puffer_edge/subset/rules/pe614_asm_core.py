# SPDX-License-Identifier: MIT
"""Instructions that small cores lack."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from puffer_edge.subset.facts.assembler import NOT_ON_ARMV6M, instructions, is_thumb, name
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule

NEWER = re.compile(r"2350|PICO2|PLUS2|SAMD51|M4|WIO_TERMINAL")
"""Boards of these ports whose core is another: RP2350 and SAMD51."""


@rule("PE614", "asm-core", ast.FunctionDef,
      reason="The RP2040 and the SAMD21 are ARMv6-M: no movw, movwt or clz, no "
             "it and mrs, no division, no FPU.",
      instead="mov and shifts for numbers, loops for the rest.",
      bad="import micropython\n@micropython.asm_thumb\ndef f(r0):\n    clz(r0, r0)",
      good="import micropython\n@micropython.asm_thumb\ndef f(r0):\n    lsr(r0, r0, 1)")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    if is_thumb(node) and file.port in ("rp2", "samd") and not NEWER.search(file.names.board):
        for call in instructions(node):
            word = name(call)
            if word in NOT_ON_ARMV6M or word[:1] == "v" or (
                    word[:2] == "it" and set(word[2:]) <= set("te")):
                yield call, f"ARMv6-M has no {word}"
