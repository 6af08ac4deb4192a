# SPDX-License-Identifier: MIT
"""Code that runs only where the firmware has what it needs: nothing about it is an error."""

from __future__ import annotations

import ast
import re

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.modules import missing

CATCHES = {"ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "Exception",
           "BaseException", "NotImplementedError", "TypeError"}
ASKING = {"hasattr"}


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
                _mentions(value, file) for value in parent.values if value is not child):
            return True
        if isinstance(child, ast.stmt) and any(
                _asks(branch, child, file) for branch in _left_before(child, parent)):
            return True
        child, parent = parent, file.parent(parent)
    return False


def _left_before(statement: ast.stmt, parent: ast.AST) -> list[ast.If]:
    """The ifs before a statement of a block whose bodies leave the block."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and statement in block:
            return [before for before in block[:block.index(statement)]
                    if isinstance(before, ast.If) and not before.orelse and isinstance(
                        before.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)]
    return []


def catches(handler: ast.ExceptHandler) -> bool:
    """Whether a handler is there for what a firmware lacks."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in CATCHES)
               for kind in kinds)


def _fails(body: list[ast.stmt], file: File) -> bool:
    """Whether an import in a body fails for certain on this firmware."""
    return any(missing(alias, statement, file) for statement in body
               if isinstance(statement, ast.Import | ast.ImportFrom) for alias in statement.names)


def _mentions(test: ast.AST, file: File, depth: int = 2) -> bool:
    """Whether a test asks where it runs, or what there is."""
    return any(_is_question(node, file, depth) for node in ast.walk(test))


def _is_question(node: ast.AST, file: File, depth: int) -> bool:
    if isinstance(node, ast.Attribute):
        return bool(_PLACE.search(node.attr))
    if isinstance(node, ast.Call):
        return file.is_builtin(node.func, "getattr") and len(node.args) > 2
    if not isinstance(node, ast.Name):
        return False
    if node.id in ASKING or _PLACE.search(node.id):
        return True
    found = file.bound(node) if depth else None
    if found is None:
        return False
    values = [value for value in found[1] if value is not None]
    imported = any(isinstance(value, ast.alias) for value in values)
    return any((imported and isinstance(value, ast.Constant) and value.value is None)
               or (isinstance(value, ast.expr) and _mentions(value, file, depth - 1))
               for value in values)


_PLACE = re.compile(r"python|implementation|platform|^uname$|version_info|^TYPE_CHECKING$|^_IS_",
                    re.IGNORECASE)
"""Names that tell the interpreter, or the board."""


def _asks(branch: ast.If | ast.IfExp, child: ast.AST, file: File) -> bool:
    """Whether an if asks for the firmware, and not in favour of MicroPython."""
    in_body = child in branch.body if isinstance(branch, ast.If) else child is branch.body
    if isinstance(branch.test, ast.Constant) and not branch.test.value:
        return in_body
    if not _mentions(branch.test, file):
        return False
    micropython = _is_micropython(branch.test, file)
    return micropython is None or in_body != micropython


def _is_micropython(test: ast.expr, file: File, depth: int = 3) -> bool | None:
    """Whether a test holds in MicroPython; None where it asks for something else, too."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _is_micropython(test.operand, file, depth)
        return None if inner is None else not inner
    if isinstance(test, ast.Name):
        found = file.bound(test) if depth else None
        value = found[1][0] if found and len(found[1]) == 1 else None
        known = _is_micropython(value, file, depth - 1) if isinstance(value, ast.expr) else None
        return True if known is None and re.search(
            r"(^|_)micropython$", test.id, re.IGNORECASE) else known
    if (isinstance(test, ast.Compare) and len(test.ops) == 1
            and isinstance(test.comparators[0], ast.Constant)):
        if test.comparators[0].value == "micropython":
            return isinstance(test.ops[0], ast.Eq | ast.In)
        if test.comparators[0].value in ("cpython", "circuitpython"):
            return isinstance(test.ops[0], ast.NotEq)
    return None
