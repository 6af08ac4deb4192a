"""Generators and coroutines."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.context import Context
from puffer_edge.subset.rule import Hit, rule


@rule("PE421", "generator", ast.Call, ast.Await, ast.YieldFrom,
      reason="Calling a generator or a coroutine makes an object with all its variables.",
      instead="make it once, outside; next() on it is free.",
      bad="def g():\n    yield 1\n# puffer-edge: no-alloc\ndef step():\n    g()",
      good="def g():\n    yield 1\ni = g()\n# puffer-edge: no-alloc\ndef step():\n    next(i)")
def check(node: ast.Call | ast.Await | ast.YieldFrom, context: Context) -> Iterable[Hit]:
    if isinstance(node, ast.Call):
        called = context.value(node.func)
        home = context.project.home(called.node, context) if isinstance(
            called.node, ast.AST) else context
        if isinstance(called.node, ast.AsyncFunctionDef) or (
                isinstance(called.node, ast.FunctionDef) and home.is_generator(called.node)):
            yield node, f"{called.node.name}() makes a generator"
    elif isinstance(node, ast.YieldFrom) and context.value(node.value).kind != "generator":
        yield node, "yield from makes an iterator"
