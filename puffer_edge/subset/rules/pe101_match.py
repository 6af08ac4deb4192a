# SPDX-License-Identifier: MIT
"""match statements."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE101", "match-statement", ast.Match,
      reason="The parser has no match statement: SyntaxError.",
      instead="if and elif, or a dict of functions.",
      bad="match x:\n    case 1: pass", good="if x == 1: pass")
def check(node: ast.Match, file: File) -> Iterable[Hit]:
    yield node, "MicroPython has no match statement"
