# SPDX-License-Identifier: MIT
"""An assignment expression as an index."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE111", "walrus-in-index", ast.Subscript,
      reason="The parser takes := in an index for a slice: SyntaxError.",
      instead="brackets around it, or an assignment before.",
      bad="a = [1]\nx = a[b := 0]", good="a = [1]\nif (n := len(a)) > 1: pass")
def check(node: ast.Subscript, file: File) -> Iterable[Hit]:
    inner = node.slice
    if isinstance(inner, ast.NamedExpr):
        line = file.line(inner.lineno).encode()
        if not line[:inner.col_offset].decode().rstrip().endswith("("):
            yield inner, "MicroPython has no := directly inside of [ ]"
