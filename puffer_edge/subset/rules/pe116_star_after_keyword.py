# SPDX-License-Identifier: MIT
"""A star behind a keyword argument."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE116", "star-after-keyword", ast.Call,
      reason="Positional arguments, those behind a * too, have to stand in front of keywords: "
             "SyntaxError since a version between 1.27 and 1.29.",
      instead="f(*a, x=1).",
      bad="a = [1]\nprint(end='', *a)", good="a = [1]\nprint(*a, end='')")
def check(node: ast.Call, file: File) -> Iterable[Hit]:
    if file.names.version <= (1, 27):
        return
    first = min(((keyword.value.lineno, keyword.value.col_offset) for keyword in node.keywords
                 if keyword.arg is not None), default=None)
    for argument in node.args:
        if first and isinstance(argument, ast.Starred) and (
                argument.lineno, argument.col_offset) > first:
            yield argument, "a * stands behind a keyword argument"
