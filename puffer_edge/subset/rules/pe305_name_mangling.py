# SPDX-License-Identifier: MIT
"""Names with two underscores in classes."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE305", "name-mangling", ast.ClassDef, ast.Name,
      reason="__name in a class is not made private: a subclass with the same name overwrites it, "
             "and a global one is found.",
      instead="one underscore, and names that differ.",
      bad="class A:\n    def __init__(self):\n        self.__x = 1\n"
          "class B(A):\n    def __init__(self):\n        self.__x = 2",
      good="class A:\n    def __init__(self):\n        self.__x = 1\n"
           "class B(A):\n    def __init__(self):\n        self.__y = 2")
def check(node: ast.ClassDef | ast.Name, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.Name):
        if _is_private(node.id) and isinstance(node.ctx, ast.Load) and _finds_global(node, file):
            yield node, f"CPython does not find the global {node.id!r} in a class"
        return
    bases = classes(node, file)
    mine = private(node) if bases else set()
    seen: set[str] = set()
    for base in bases if mine else ():
        for name in sorted(mine & private(base) - seen):
            seen.add(name)
            yield node, f"{name} is the same attribute here and in {base.name}"


def private(node: ast.ClassDef) -> set[str]:
    """Names of attributes and methods that CPython would mangle."""
    found = {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)
             and isinstance(inner.ctx, ast.Store)}
    found |= {inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return {name for name in found if _is_private(name)}


def _is_private(name: str) -> bool:
    return name.startswith("__") and not name.endswith("__")


def _finds_global(node: ast.Name, file: File) -> bool:
    """Whether a name in a class is that of a global variable."""
    bound = file.bound(node)
    if bound is None or not isinstance(bound[0].node, ast.Module):
        return False
    above = file.parent(node)
    while above is not None and not isinstance(above, ast.ClassDef):
        above = file.parent(above)
    return above is not None


def classes(node: ast.ClassDef, file: File) -> list[ast.ClassDef]:
    """The bases of a class, and theirs, as far as they are in the file."""
    found: list[ast.ClassDef] = []
    todo = list(node.bases)
    while todo and len(found) < 50:
        base = todo.pop()
        bound = file.bound(base) if isinstance(base, ast.Name) else None
        for value in bound[1] if bound else ():
            if isinstance(value, ast.ClassDef) and value not in found and value is not node:
                found.append(value)
                todo.extend(value.bases)
    return found
