"""Template strings."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE108", "template-string", *([ast.TemplateStr] if hasattr(ast, "TemplateStr") else []),
      reason="The parser has no t-strings: SyntaxError.",
      instead="an f-string, or format().",
      bad="x = t'{1}'", good="x = '{}'.format(1)")
def check(node: ast.expr, file: File) -> Iterable[Hit]:
    yield node, "MicroPython has no template strings"
