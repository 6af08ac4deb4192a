"""What the compiler of MicroPython makes a constant of."""

from __future__ import annotations

import ast
from collections.abc import Collection


def is_constant(node: ast.expr, names: Collection[str] = ()) -> bool:
    """Whether an expression is folded: a literal, a tuple of such, integers with operators.

    Args:
        node: the expression.
        names: of the constants that the module makes by const().
    """
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Tuple):
        return all(is_constant(element, names) for element in node.elts)
    if isinstance(node, ast.UnaryOp):
        return not isinstance(node.op, ast.Not) and _is_number(node.operand, names)
    if isinstance(node, ast.BinOp):
        return _is_number(node.left, names) and _is_number(node.right, names) and not isinstance(
            node.op, ast.Div)
    return False


def _is_number(node: ast.expr, names: Collection[str]) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, bool)
    return isinstance(node, ast.UnaryOp | ast.BinOp | ast.Name) and is_constant(node, names)
