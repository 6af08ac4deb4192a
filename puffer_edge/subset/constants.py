"""What the compiler of MicroPython makes a constant of."""

from __future__ import annotations

import ast


def is_constant(node: ast.expr) -> bool:
    """Whether an expression is folded: a literal, a tuple of such, integers with operators."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Tuple):
        return all(is_constant(element) for element in node.elts)
    if isinstance(node, ast.UnaryOp):
        return not isinstance(node.op, ast.Not) and _is_number(node.operand)
    if isinstance(node, ast.BinOp):
        return _is_number(node.left) and _is_number(node.right) and not isinstance(
            node.op, ast.Div)
    return False


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, bool)
    return isinstance(node, ast.UnaryOp | ast.BinOp) and is_constant(node)
