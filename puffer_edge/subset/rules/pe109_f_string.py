# SPDX-License-Identifier: MIT
"""What MicroPython does not understand inside of an f-string."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE109", "f-string", ast.FormattedValue, ast.JoinedStr,
      reason="An f-string is rewritten to format() before it is parsed: a colon outside of [...] "
             "or a brace in a string ends the expression, there is no !a, and a string beside it "
             "is formatted, too.",
      instead="compute the value in a variable first.",
      bad="x = f'{1!a}'", good="y = 5\nx = f'{y!r} {y:>{y}}'")
def check(node: ast.FormattedValue | ast.JoinedStr, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.JoinedStr):
        text = _text(node, file)
        if _joins_braces(text):
            yield node, "MicroPython formats the string beside an f-string, too: { and } count"
        elif re.search(r"(?<!\{)(?:\{\{)*\{[^{}'\":!=<>]+=[ \t]+\}", text):
            yield node, "MicroPython takes no space behind the = in an f-string"
        return
    if node.conversion == ord("a"):
        yield node, "MicroPython has no !a in f-strings"
    if _ends_early(node.value, False):
        yield node, ("MicroPython takes { or } in a string, and : outside of [...], for the end of "
                     "the expression")


def _ends_early(node: ast.AST, bracketed: bool) -> bool:
    """Whether a mark in an expression ends it: a colon counts outside of [...] and {...} only."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return "{" in node.value or "}" in node.value or (":" in node.value and not bracketed)
    if isinstance(node, ast.Lambda | ast.NamedExpr) and not bracketed:
        return True
    closed = bracketed or isinstance(node, (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp,
                                            ast.DictComp))
    return any(_ends_early(child, closed or (isinstance(node, ast.Subscript)
                                             and child is node.slice))
               for child in ast.iter_child_nodes(node))


LITERAL = re.compile(r"""([A-Za-z]*)(\"\"\"|'''|"|')((?:\\.|(?!\2).)*)\2""", re.S)


def _text(node: ast.JoinedStr, file: File) -> str:
    """The source of an f-string, with the strings beside it."""
    if isinstance(file.parent(node), ast.FormattedValue) or node.end_lineno is None:
        return ""
    lines = [file.line(number) for number in range(node.lineno, node.end_lineno + 1)]
    lines[-1] = lines[-1].encode()[:node.end_col_offset].decode()
    lines[0] = lines[0].encode()[node.col_offset:].decode()
    return "\n".join(lines)


def _joins_braces(text: str) -> bool:
    """Whether a string without f and with braces stands beside an f-string."""
    pieces = list(LITERAL.finditer(text))
    formatted = [piece[3] for piece in pieces if set(piece[1].lower()) & {"f", "t"}]
    if re.sub(r"\\\n|#[^\n]*|\s", "", LITERAL.sub("", text)) or any(
            piece.count("{") != piece.count("}") for piece in formatted):
        return False  # quotes in quotes
    return len(pieces) > 1 and any(
        not set(piece[1].lower()) & {"f", "t"} and re.search("[{}]", piece[3])
        for piece in pieces)
