# SPDX-License-Identifier: MIT
"""Classes of the file: their bases, and what of them MicroPython's object model does not do."""

from __future__ import annotations

import ast
import builtins

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.scopes import Function


def class_named(node: ast.AST | None, file: File) -> ast.ClassDef | None:
    """The class of the file that a name stands for, where it stands for nothing else."""
    found = file.bound(node) if isinstance(node, ast.Name) else None
    value = found[1][0] if found and len(found[1]) == 1 else None
    return value if isinstance(value, ast.ClassDef) else None


def class_of(node: ast.AST | None, file: File) -> ast.ClassDef | None:
    """The class of the file that an expression is an instance of, where that is certain."""
    if isinstance(node, ast.Name):
        found = file.bound(node)
        node = found[1][0] if found and len(found[1]) == 1 else None
    return class_named(node.func, file) if isinstance(node, ast.Call) else None


def method(node: ast.ClassDef, name: str) -> Function | None:
    """A method that the body of a class defines."""
    return next((statement for statement in node.body if isinstance(
        statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name), None)


def around(node: ast.AST, file: File) -> ast.ClassDef | None:
    """The class whose method a node is in."""
    above = file.parent(node)
    while above is not None and not isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
        above = file.parent(above)
    owner = file.parent(above) if above is not None else None
    return owner if isinstance(owner, ast.ClassDef) else None


def ancestors(node: ast.ClassDef, file: File) -> list[ast.ClassDef]:
    """The bases of a class that are in the file, and theirs, nearest first."""
    found: list[ast.ClassDef] = []
    todo = list(node.bases)
    while todo and len(found) < 50:
        value = class_named(todo.pop(0), file)
        if value is not None and value is not node and value not in found:
            found.append(value)
            todo.extend(value.bases)
    return found


def builtin_base(node: ast.ClassDef, file: File) -> str | None:
    """The built-in class that a class inherits from, itself or through its bases."""
    for owner in (node, *ancestors(node, file)):
        for base in owner.bases:
            if (isinstance(base, ast.Name) and file.is_builtin(base) and base.id != "object"
                    and base.id in CLASSES):
                return base.id
    return None


CLASSES = {"int", "float", "complex", "str", "bytes", "bytearray", "list", "tuple", "dict", "set",
           "frozenset", "range", "memoryview"} | {
    name for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)}
"""Built-in classes whose instances MicroPython keeps inside of the instance of a subclass."""
