"""__slots__ that nobody enforces."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE303", "slots", ast.ClassDef,
      reason="__slots__ is an ordinary attribute: other names can be set, and no memory is saved.",
      instead="leave it out.",
      bad="class A:\n    __slots__ = ('x',)", good="class A:\n    x = None")
def check(node: ast.ClassDef, file: File) -> Iterable[Hit]:
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else (
            [statement.target] if isinstance(statement, ast.AnnAssign) else [])
        if any(isinstance(target, ast.Name) and target.id == "__slots__" for target in targets):
            yield statement, "MicroPython does not enforce __slots__"
