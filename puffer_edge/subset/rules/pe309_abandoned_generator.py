# SPDX-License-Identifier: MIT
"""Generators that nobody closes."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE309", "abandoned-generator", ast.While,
      reason="A generator that is dropped is not closed: __exit__ and finally do not run.",
      instead="close() where the generator is used, or with around the loop that uses it.",
      bad="def numbers(file):\n    with open(file) as f:\n        while True:\n"
          "            yield f.read(1)",
      good="def numbers(f):\n    while True:\n        yield f.read(1)")
def check(node: ast.While, file: File) -> Iterable[Hit]:
    endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
    if not endless or not _own(node, (ast.Yield,)) or _own(node, (ast.Break, ast.Return)):
        return
    above = file.parent(node)
    while above is not None and not isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
        if isinstance(above, ast.With) or (isinstance(above, ast.Try) and above.finalbody):
            what = "__exit__" if isinstance(above, ast.With) else "finally"
            yield above, f"nobody runs {what} when this endless generator is dropped"
            return
        above = file.parent(above)


def _own(node: ast.AST, kinds: tuple[type[ast.AST], ...]) -> bool:
    """Whether there are such nodes inside, not in functions in it."""
    return any(isinstance(inner, kinds) or (
        not isinstance(inner, ast.FunctionDef | ast.Lambda) and _own(inner, kinds))
        for inner in ast.iter_child_nodes(node))
