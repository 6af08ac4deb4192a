# SPDX-License-Identifier: MIT
"""Template strings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE108", "template-string", ast.JoinedStr,
      *([ast.TemplateStr] if hasattr(ast, "TemplateStr") else []),
      reason="The firmware of boards has no t-strings: SyntaxError, or no string.templatelib for "
             "what mpy-cross has compiled since 1.28.",
      instead="an f-string, or format().",
      bad="x = t'{1}'", good="x = f'{1}'")
def check(node: ast.expr, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.JoinedStr):  # what an older Python is given for it
        start = file.line(node.lineno).encode()[node.col_offset:node.col_offset + 3]
        if not re.match(rb"(?:t|tr|rt)[\"']", start.lower()):
            return
    yield node, "no firmware of a board has template strings"
