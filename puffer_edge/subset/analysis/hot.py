# SPDX-License-Identifier: MIT
"""Which parts of a function count when it must not allocate."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.facts.scopes import SCOPES, Function


def hot_nodes(function: Function, analysis: Analysis) -> Iterator[ast.AST]:
    """The nodes that run when a function is called.

    Left out are statements that no way leads to, what a raise builds (the raise is reported), the
    message of an assert, annotations, and the bodies of functions inside.
    """
    stack: list[ast.AST] = list(reversed(function.body))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt) and node not in analysis.reached:
            continue
        yield node
        if isinstance(node, (ast.Raise, *SCOPES)):
            continue
        if isinstance(node, ast.Assert):
            stack.append(node.test)
            continue
        annotation = getattr(node, "annotation", None)
        stack.extend(child for child in reversed(list(ast.iter_child_nodes(node)))
                     if child is not annotation)
