# SPDX-License-Identifier: MIT
"""What is no instruction."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.assembler import is_thumb
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE611", "asm-statement", ast.FunctionDef,
      reason="Inline assembly is a list of calls of instructions: SyntaxError.",
      instead="mov(r0, 1); jumps and labels; the result is r0.",
      bad="import micropython\n@micropython.asm_thumb\ndef f(r0):\n    return r0",
      good="import micropython\n@micropython.asm_thumb\ndef f(r0):\n    'Doc.'\n    nop()")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    if is_thumb(node):
        line = 0
        for statement in node.body:
            call = isinstance(statement, ast.Expr) and isinstance(
                statement.value, (ast.Call, ast.Constant))
            if (not call and not isinstance(statement, ast.Pass)) or statement.lineno == line:
                yield statement, "this is no instruction on a line of its own"
            line = statement.lineno
