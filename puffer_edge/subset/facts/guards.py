# SPDX-License-Identifier: MIT
"""Code that runs only where the firmware has what it needs: nothing about it is an error."""

from __future__ import annotations

import ast

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.modules import missing

CATCHES = {"ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "Exception",
           "BaseException", "NotImplementedError", "TypeError"}
ASKING = {"hasattr", "TYPE_CHECKING"}


def is_guarded(node: ast.AST, file: File) -> bool:
    """Whether a node is in such a place."""
    child, parent = node, file.parent(node)
    while parent is not None:
        if isinstance(parent, ast.Try):
            if child in parent.body and any(catches(handler) for handler in parent.handlers):
                return True
        elif isinstance(parent, ast.ExceptHandler) and catches(parent):
            around = file.parent(parent)
            if isinstance(around, ast.Try) and not _fails(around.body, file):
                return True
        elif isinstance(parent, ast.If | ast.IfExp) and child is not parent.test:
            if _asks(parent, child, file):
                return True
        elif isinstance(parent, ast.BoolOp) and any(
                _mentions(value) for value in parent.values if value is not child):
            return True
        child, parent = parent, file.parent(parent)
    return False


def catches(handler: ast.ExceptHandler) -> bool:
    """Whether a handler is there for what a firmware lacks."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in CATCHES)
               for kind in kinds)


def _fails(body: list[ast.stmt], file: File) -> bool:
    """Whether an import in a body fails for certain on this firmware."""
    return any(missing(alias, statement, file) for statement in body
               if isinstance(statement, ast.Import | ast.ImportFrom) for alias in statement.names)


def _mentions(test: ast.AST) -> bool:
    return any((isinstance(node, ast.Name) and node.id in ASKING)
               or (isinstance(node, ast.Attribute) and (
                   node.attr in ("TYPE_CHECKING", "implementation", "platform", "uname",
                                 "version_info") or node.attr.startswith("_IS_")))
               or (isinstance(node, ast.Name) and "cpython" in node.id.lower())
               for node in ast.walk(test))


def _asks(branch: ast.If | ast.IfExp, child: ast.AST, file: File) -> bool:
    """Whether an if asks for the firmware, and not in favour of MicroPython."""
    if isinstance(branch.test, ast.Constant) and not branch.test.value:
        return child in branch.body if isinstance(branch, ast.If) else child is branch.body
    if not _mentions(branch.test):
        return False
    test = branch.test
    if (isinstance(test, ast.Compare) and len(test.ops) == 1
            and isinstance(test.comparators[0], ast.Constant)
            and test.comparators[0].value == "micropython"):
        body = branch.body if isinstance(branch.body, list) else [branch.body]
        return (child in body) == isinstance(test.ops[0], ast.NotEq)
    return True
