# SPDX-License-Identifier: MIT
"""Local variables by their names."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE308", "locals", ast.Call,
      reason="Local variables have no names when the program runs: locals() is globals(), and "
             "eval() and exec() see the globals only.",
      instead="a dict of your own, given to eval() as its second argument.",
      bad="def f():\n    x = 1\n    return locals()",
      good="def f():\n    x = 1\n    return {'x': x}")
def check(node: ast.Call, file: File) -> Iterable[Hit]:
    scope = file.tree.scope_of(node)
    if not isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    if file.is_builtin(node.func, "locals") and not node.args:
        yield node, "locals() in a function is globals() in MicroPython"
    elif file.is_builtin(node.func, "eval", "exec") and len(node.args) == 1 and isinstance(
            node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
        try:
            inner = ast.walk(ast.parse(node.args[0].value))
        except (SyntaxError, ValueError):
            return
        for name in inner:
            if isinstance(name, ast.Name) and name.id in scope.values:
                yield node, f"the code does not see the local variable {name.id!r} in MicroPython"
                return
