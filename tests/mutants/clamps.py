# SPDX-License-Identifier: MIT
"""Comparisons whose two sides, where they are equal, give the same number by either branch.

``high if x > high else x`` is what it is with ``>=``: no test can tell the two apart. (Zeros of
two signs, and what only its identity tells from an equal, are not regarded.)
"""

from __future__ import annotations

import ast


def is_clamp(node: ast.AST) -> bool:
    """Whether the node, an ``if`` of either kind, has a comparison that may include the equal."""
    if not isinstance(node, ast.If | ast.IfExp):
        return False
    test = node.test
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(
            test.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE):
        return False
    left, right = ast.unparse(test.left), ast.unparse(test.comparators[0])
    if isinstance(node, ast.IfExp):
        yes, no = ast.unparse(node.body), ast.unparse(node.orelse)
        return ({yes, no} == {left, right}  # a bound
                or {yes, no} in ({f"{left} - {right}", "0"}, {f"{right} - {left}", "0"})
                or (right == "0" and {yes, no} == {left, f"-{left}"}))  # a size
    if node.orelse or len(node.body) != 1 or not isinstance(node.body[0], ast.Assign):
        return False
    only = node.body[0]
    return {ast.unparse(only.value), *map(ast.unparse, only.targets)} == {left, right}
