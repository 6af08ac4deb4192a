# SPDX-License-Identifier: MIT
"""Parameters of inline assembly."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.assembler import is_thumb
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE610", "asm-parameters", ast.FunctionDef,
      reason="Arguments come in r0 to r3, and the parameters have to be named so: SyntaxError.",
      instead="def f(r0, r1): at most four, without defaults.",
      bad="import micropython\n@micropython.asm_thumb\ndef f(a):\n    nop()",
      good="import micropython\n@micropython.asm_thumb\ndef f(r0, r1):\n    nop()")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    if not is_thumb(node):
        return
    arguments = node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if (names != [f"r{i}" for i in range(len(names))] or len(names) > 4 or arguments.defaults
            or arguments.vararg or arguments.kwarg or arguments.kwonlyargs):
        yield node, "parameters of asm_thumb are r0, r1, r2, r3, in this order"
