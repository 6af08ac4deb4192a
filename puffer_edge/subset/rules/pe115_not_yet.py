# SPDX-License-Identifier: MIT
"""Syntax that came to MicroPython in a later version."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule

LAST_WITHOUT = {"f-strings": (1, 12), ":=": (1, 12), "annotations of variables": (1, 12),
                "@ between matrices": (1, 11), "several * in one call": (1, 12),
                "!r and !s in f-strings": (1, 20), "raw f-strings": (1, 23),
                "f-strings side by side": (1, 23)}
"""The last of the versions tried (1.9, 1.11, 1.12, 1.19, 1.20, 1.22, 1.23) that has it not."""


@rule("PE115", "not-yet", ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.BinOp, ast.AugAssign,
      ast.Call, ast.FormattedValue,
      reason="The version of MicroPython that is asked for did not have it: SyntaxError.",
      instead="a newer firmware, or format().",
      bad="# with --mpy-version 1.20\ny = 5\nx = f'{y!r}'", good="y = 5\nx = f'{y}'")
def check(node: ast.expr | ast.stmt, file: File) -> Iterable[Hit]:
    version = file.names.version
    if version > (1, 23):
        return
    for feature in _features(node, file):
        if version <= LAST_WITHOUT[feature]:
            yield node, (f"MicroPython {version[0]}.{version[1]} does not have {feature}")


def _features(node: ast.expr | ast.stmt, file: File) -> Iterable[str]:
    if isinstance(node, ast.JoinedStr):
        if not isinstance(file.parent(node), ast.FormattedValue):
            yield "f-strings"
            yield from _spelling(node, file)
    elif isinstance(node, ast.FormattedValue):
        if node.conversion in (ord("r"), ord("s")):
            yield "!r and !s in f-strings"
    elif isinstance(node, ast.NamedExpr):
        yield ":="
    elif isinstance(node, ast.AnnAssign):
        yield "annotations of variables"
    elif isinstance(node, ast.Call):
        stars = sum(isinstance(argument, ast.Starred) for argument in node.args)
        if stars > 1 or sum(keyword.arg is None for keyword in node.keywords) > 1:
            yield "several * in one call"
    elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult):
        yield "@ between matrices"


def _spelling(node: ast.JoinedStr, file: File) -> Iterable[str]:
    """What only the text tells, of an f-string on one line."""
    if node.lineno == node.end_lineno:
        text = file.line(node.lineno).encode()[node.col_offset:node.end_col_offset].decode()
        if text[:2].lower() in ("rf", "fr"):
            yield "raw f-strings"
        quote = text[1:2]
        pieces = text.split(quote) if quote in ("'", '"') and quote * 3 not in text else []
        if any(piece.strip().lower() == "f" for piece in pieces[2:-1:2]):
            yield "f-strings side by side"
