# SPDX-License-Identifier: MIT
"""Generators and coroutines."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE421", "generator", ast.Call, ast.Await, ast.YieldFrom,
      reason="Calling a generator or a coroutine makes an object with all its variables.",
      instead="make it once, outside; next() on it is free.",
      bad="def g():\n    yield 1\n# puffer-edge: no-alloc\ndef step():\n    g()",
      good="def g():\n    yield 1\ni = g()\n# puffer-edge: no-alloc\ndef step():\n    next(i)")
def check(node: ast.Call | ast.Await | ast.YieldFrom, analysis: Analysis) -> Iterable[Hit]:
    if isinstance(node, ast.Call):
        called = analysis.value(node.func)
        if isinstance(called.node, ast.AsyncFunctionDef) or (
                isinstance(called.node, ast.FunctionDef)
                and analysis.home(called.node).is_generator(called.node)):
            yield node, f"{called.node.name}() makes a generator"
    elif isinstance(node, ast.YieldFrom) and analysis.value(node.value).kind != "generator":
        yield node, "yield from makes an iterator"
