# SPDX-License-Identifier: MIT
"""Parameters before a slash."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE102", "positional-only", ast.arguments,
      reason="The parser has no / in a list of parameters: SyntaxError.",
      instead="leave the / out.",
      bad="def f(a, /): pass", good="def f(a, *, b=1): pass")
def check(node: ast.arguments, file: File) -> Iterable[Hit]:
    for argument in node.posonlyargs[:1]:
        yield argument, "MicroPython has no positional-only parameters (/)"
