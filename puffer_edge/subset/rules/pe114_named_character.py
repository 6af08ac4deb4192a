# SPDX-License-Identifier: MIT
"""Characters by their names."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE114", "named-character", ast.Constant, ast.JoinedStr,
      reason="The tokenizer does not know the names of characters: NotImplementedError.",
      instead="the number: '\\u2022'.",
      bad="x = '\\N{BULLET}'", good="x = '\\u2022'\ny = r'\\N{BULLET}'")
def check(node: ast.Constant | ast.JoinedStr, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.Constant) and not isinstance(node.value, str):
        return
    if not file.names_characters or node.lineno != node.end_lineno or isinstance(
            file.parent(node), ast.JoinedStr):
        return
    text = file.line(node.lineno).encode()[node.col_offset:node.end_col_offset].decode()
    prefix = text[:min((text.find(quote) for quote in "\"'" if quote in text), default=0)]
    if "\\N{" in text.replace("\\\\", "") and "r" not in prefix.lower():
        yield node, "MicroPython does not know the names of characters"
