# SPDX-License-Identifier: MIT
"""Labels."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.assembler import JUMPS, instructions, is_thumb, name
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE613", "asm-label", ast.FunctionDef,
      reason="A jump needs its label in the same function, and a label is defined once: "
             "SyntaxError.",
      instead="label(NAME).",
      bad="import micropython\n@micropython.asm_thumb\ndef f(r0):\n    b(END)",
      good="import micropython\n@micropython.asm_thumb\ndef f(r0):\n    b(END)\n    label(END)")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    if not is_thumb(node):
        return
    seen: set[str] = set()
    for call in instructions(node):
        if name(call) == "label" and call.args:
            text = ast.unparse(call.args[0])
            if text in seen:
                yield call, f"the label {text} is there already"
            seen.add(text)
    for call in instructions(node):
        if name(call) in JUMPS and len(call.args) == 1 and ast.unparse(call.args[0]) not in seen:
            yield call, f"there is no label {ast.unparse(call.args[0])}"
