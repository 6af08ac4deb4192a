# SPDX-License-Identifier: MIT
"""Several managers in one pair of brackets."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE106", "parenthesized-with", ast.With, ast.AsyncWith,
      reason="A bracket behind with is an expression, which has no 'as' inside: SyntaxError.",
      instead="no brackets; a backslash breaks the line.",
      bad="with (open('a') as a, open('b') as b):\n    pass",
      good="with open('a') as a, open('b') as b:\n    pass")
def check(node: ast.With | ast.AsyncWith, file: File) -> Iterable[Hit]:
    first = node.items[0]
    if any(item.optional_vars for item in node.items):
        if node.lineno == first.context_expr.lineno:
            before = file.line(node.lineno).encode()[
                node.col_offset:first.context_expr.col_offset].decode()
        else:
            before = "("
        if before.rstrip().endswith("(") and not _closes(node, file):
            yield node, "MicroPython has no brackets around the managers of with"


def _closes(node: ast.With | ast.AsyncWith, file: File) -> bool:
    """Whether the bracket belongs to the first expression alone: with (a) as b."""
    last = node.items[0].context_expr
    if last.end_lineno != node.lineno or last.end_col_offset is None:
        return False
    behind = file.line(node.lineno).encode()[last.end_col_offset:].decode().lstrip()
    return behind.startswith(")")
