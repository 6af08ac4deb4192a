"""Annotations that a program reads."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.context import Context
from puffer_edge.subset.rule import Hit, rule


@rule("PE304", "annotations", ast.Attribute, ast.Call,
      reason="Annotations are thrown away by the compiler: there is no __annotations__.",
      instead="a dict of your own.",
      bad="def f(x: int): pass\nprint(f.__annotations__)", good="def f(x: int): pass")
def check(node: ast.Attribute | ast.Call, context: Context) -> Iterable[Hit]:
    if isinstance(node, ast.Attribute):
        if node.attr == "__annotations__" and not context.guarded(node):
            yield node, "MicroPython keeps no annotations"
    elif context.dotted(node.func) in ("typing.get_type_hints", "inspect.get_annotations"):
        yield node, "MicroPython keeps no annotations"
