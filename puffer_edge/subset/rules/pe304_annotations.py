# SPDX-License-Identifier: MIT
"""Annotations that a program reads."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule


@rule("PE304", "annotations", ast.Attribute, ast.Call,
      reason="Annotations are thrown away by the compiler: there is no __annotations__.",
      instead="a dict of your own.",
      bad="def f(x: int): pass\nprint(f.__annotations__)", good="def f(x: int): pass")
def check(node: ast.Attribute | ast.Call, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.Attribute):
        if node.attr == "__annotations__" and not is_guarded(node, file):
            yield node, "MicroPython keeps no annotations"
    elif file.dotted(node.func) in ("typing.get_type_hints", "inspect.get_annotations"):
        yield node, "MicroPython keeps no annotations"
