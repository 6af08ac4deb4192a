"""What MicroPython does not understand inside of an f-string."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE109", "f-string", ast.FormattedValue,
      reason="An f-string is rewritten to format() before it is parsed: a colon, a brace or an "
             "exclamation mark inside of an expression's string ends it, and there is no !a.",
      instead="compute the value in a variable first.",
      bad="x = f'{1!a}'", good="y = 5\nx = f'{y!r} {y:>{y}}'")
def check(node: ast.FormattedValue, file: File) -> Iterable[Hit]:
    if node.conversion == ord("a"):
        yield node, "MicroPython has no !a in f-strings"
    for inner in ast.walk(node.value):
        if isinstance(inner, ast.Lambda):
            yield node, "MicroPython takes the colon of a lambda for the end of the expression"
            return
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and any(
                mark in inner.value for mark in ":{}!"):
            yield node, "MicroPython takes :, !, { or } in a string for the end of the expression"
            return
