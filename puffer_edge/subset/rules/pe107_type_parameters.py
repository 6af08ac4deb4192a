# SPDX-License-Identifier: MIT
"""type statements and type parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule

NODES = [getattr(ast, name) for name in ("TypeAlias",) if hasattr(ast, name)]


@rule("PE107", "type-parameters", ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, *NODES,
      reason="The parser has neither 'type X = ...' nor def f[T](): SyntaxError.",
      instead="an assignment; no type parameters.",
      bad="def f[T](x: T) -> T:\n    return x", good="def f(x):\n    return x")
def check(node: ast.stmt, file: File) -> Iterable[Hit]:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node, "MicroPython has no type statement"
    elif getattr(node, "type_params", None):
        yield node, "MicroPython has no type parameters"
