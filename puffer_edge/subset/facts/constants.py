# SPDX-License-Identifier: MIT
"""What the compiler of MicroPython makes a constant of."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Mapping

MOST_BITS = 512
"""Of a constant that is computed here."""
_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.LShift: operator.lshift,
    ast.RShift: operator.rshift, ast.Pow: operator.pow}


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


def number(node: ast.expr, names: Mapping[str, int]) -> int | None:
    """The integer that the compiler makes of an expression; None where it makes none.

    Args:
        node: the expression.
        names: values of the constants that the module makes by const().
    """
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.UnaryOp):
        value = number(node.operand, names)
        if value is None or isinstance(node.op, ast.Not):
            return None
        return -value if isinstance(node.op, ast.USub) else (
            ~value if isinstance(node.op, ast.Invert) else value)
    if isinstance(node, ast.BinOp):
        left, right = number(node.left, names), number(node.right, names)
        if left is None or right is None or type(node.op) not in _OPERATORS:
            return None
        grows = isinstance(node.op, ast.LShift | ast.Pow)
        if (grows and not (0 <= right <= MOST_BITS and left.bit_length() <= 64)) or (
                isinstance(node.op, ast.RShift) and right < 0) or (
                isinstance(node.op, ast.FloorDiv | ast.Mod) and not right):
            return None
        return _OPERATORS[type(node.op)](left, right)
    return None
