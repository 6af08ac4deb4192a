# SPDX-License-Identifier: MIT
"""Strings and lists that are put together."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE408", "building-sequences", ast.JoinedStr, ast.BinOp, ast.AugAssign,
      reason="Formatting, + and * make a new string, list or tuple.",
      instead="bytes written into a bytearray; print() of the parts.",
      bad="# puffer-edge: no-alloc\ndef step(a):\n    return f'{a}'",
      good="# puffer-edge: no-alloc\ndef step(a):\n    return 'a' 'b'")
def check(node: ast.JoinedStr | ast.BinOp | ast.AugAssign, analysis: Analysis) -> Iterable[Hit]:
    if isinstance(node, ast.JoinedStr):
        if any(isinstance(part, ast.FormattedValue) for part in node.values):
            yield node, "an f-string makes a new string"
        return
    left = analysis.value(node.left if isinstance(node, ast.BinOp) else node.target)
    right = analysis.value(node.right if isinstance(node, ast.BinOp) else node.value)
    if analysis.value(node).kind in SEQUENCES and SEQUENCES & {left.kind, right.kind}:
        yield node, "this makes a new object"


SEQUENCES = {"str", "bytes", "bytearray", "list", "tuple", "array"}
