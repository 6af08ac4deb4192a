# SPDX-License-Identifier: MIT
"""Decorators that are more than a dotted name and a call."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE104", "decorator-expression", ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
      reason="A decorator is a dotted name, called at most once: SyntaxError.",
      instead="give the expression a name first.",
      bad="a = [abs]\n@a[0]\ndef f(): pass",
      good="import micropython\n@micropython.native\ndef f(): pass")
def check(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
          file: File) -> Iterable[Hit]:
    for decorator in node.decorator_list:
        name = decorator.func if isinstance(decorator, ast.Call) else decorator
        while isinstance(name, ast.Attribute):
            name = name.value
        if not isinstance(name, ast.Name):
            yield decorator, "MicroPython takes no expression as a decorator"
