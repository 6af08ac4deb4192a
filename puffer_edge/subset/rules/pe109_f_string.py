"""What MicroPython does not understand inside of an f-string."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE109", "f-string", ast.FormattedValue, ast.JoinedStr,
      reason="An f-string is rewritten to format() before it is parsed: a colon, a brace or an "
             "exclamation mark inside of an expression's string ends it, there is no !a, and a "
             "string beside it is formatted, too.",
      instead="compute the value in a variable first.",
      bad="x = f'{1!a}'", good="y = 5\nx = f'{y!r} {y:>{y}}'")
def check(node: ast.FormattedValue | ast.JoinedStr, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.JoinedStr):
        if _joins_braces(node, file):
            yield node, "MicroPython formats the string beside an f-string, too: { and } count"
        return
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


LITERAL = re.compile(r"""([A-Za-z]*)(\"\"\"|'''|"|')((?:\\.|(?!\2).)*)\2""", re.S)


def _joins_braces(node: ast.JoinedStr, file: File) -> bool:
    """Whether a string without f and with braces stands beside an f-string."""
    if isinstance(file.parent(node), ast.FormattedValue) or node.end_lineno is None:
        return False
    lines = [file.line(number) for number in range(node.lineno, node.end_lineno + 1)]
    lines[-1] = lines[-1].encode()[:node.end_col_offset].decode()
    lines[0] = lines[0].encode()[node.col_offset:].decode()
    text = "\n".join(lines)
    pieces = list(LITERAL.finditer(text))
    if re.sub(r"\\\n|#[^\n]*|\s", "", LITERAL.sub("", text)):
        return False  # quotes in quotes
    return len(pieces) > 1 and any(
        "f" not in piece[1].lower() and re.search("[{}]", piece[3]) for piece in pieces)
