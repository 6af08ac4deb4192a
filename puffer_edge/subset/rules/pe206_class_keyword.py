# SPDX-License-Identifier: MIT
"""Keywords in the head of a class."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE206", "class-keyword", ast.ClassDef,
      reason="There are no metaclasses and no __init_subclass__: TypeError.",
      instead="a function that makes the class, or a decorator.",
      bad="class A(metaclass=type):\n    pass", good="class A(object):\n    pass")
def check(node: ast.ClassDef, file: File) -> Iterable[Hit]:
    for keyword in node.keywords[:1]:
        yield node, f"MicroPython takes no {keyword.arg or '**'}= in the head of a class"
