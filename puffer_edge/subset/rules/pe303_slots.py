# SPDX-License-Identifier: MIT
"""__slots__ that nobody enforces."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.classes import class_of
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule


@rule("PE303", "slots", ast.ClassDef,
      reason="__slots__ is an ordinary attribute: other names can be set, where CPython raises "
             "AttributeError.",
      instead="name them all, or leave __slots__ out.",
      bad="class A:\n    __slots__ = ('x',)\n    def f(self):\n        self.y = 1",
      good="class A:\n    __slots__ = ('x',)\n    def f(self):\n        self.x = 1")
def check(node: ast.ClassDef, file: File) -> Iterable[Hit]:
    slots = _slots(node)
    if slots is None or any(not file.is_builtin(base, "object") for base in node.bases):
        return
    names = slots | set(file.tree.scopes[node].values)  # descriptors may take them
    for inner in file.tree.nodes:
        if (isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store)
                and inner.attr not in names and (class_of(inner.value, file) is node or (
                    getattr(inner.value, "id", "") == "self" and _inside(inner, node, file)))
                and not is_guarded(inner, file)):
            yield inner, f"CPython does not let {node.name} have {inner.attr!r}: not in __slots__"


def _slots(node: ast.ClassDef) -> set[str] | None:
    """The names in __slots__, where they are written out."""
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else (
            [statement.target] if isinstance(statement, ast.AnnAssign) else [])
        if any(isinstance(target, ast.Name) and target.id == "__slots__" for target in targets):
            value = getattr(statement, "value", None)
            values = value.elts if isinstance(value, ast.Tuple | ast.List | ast.Set) else [value]
            if all(isinstance(item, ast.Constant) for item in values):
                return {str(item.value) for item in values if isinstance(item, ast.Constant)}
    return None


def _inside(node: ast.AST, owner: ast.ClassDef, file: File) -> bool:
    above = file.parent(node)
    while above is not None and not isinstance(above, ast.ClassDef):
        above = file.parent(above)
    return above is owner
