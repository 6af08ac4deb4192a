# SPDX-License-Identifier: MIT
"""Which variables of the functions around it a function uses."""

from __future__ import annotations

import ast

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.scopes import Function


def closed_over(function: Function, file: File) -> list[str]:
    """Names of the variables of outer functions that a function, or one inside of it, uses."""
    inner = file.tree.scopes[function]
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id not in inner.values:
            scope = file.tree.scope_of(node).find(node.id)
            if scope is not None and _is_outside(scope.node, function, file):
                found.add(node.id)
    return sorted(found)


def _is_outside(scope: ast.AST, function: Function, file: File) -> bool:
    """Whether a scope is a function around the function."""
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return False
    above = file.parent(function)
    while above is not None:
        if above is scope:
            return True
        above = file.parent(above)
    return False
