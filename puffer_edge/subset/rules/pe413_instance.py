# SPDX-License-Identifier: MIT
"""New instances."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule

CLASSES = {"str", "bytes", "bytearray", "list", "tuple", "dict", "set", "frozenset", "object",
           "memoryview", "complex", "slice", "super", "property", "range"}
EXCEPTIONS = {name for name, value in vars(builtins).items()
              if isinstance(value, type) and issubclass(value, BaseException)}


@rule("PE413", "instance", ast.Call,
      reason="Calling a class makes an object.",
      instead="an object that is made once, outside, and changed here.",
      bad="class A: pass\n# puffer-edge: no-alloc\ndef step():\n    return A()",
      good="class A: pass\na = A()\n# puffer-edge: no-alloc\ndef step():\n    a.x = 1")
def check(node: ast.Call, analysis: Analysis) -> Iterable[Hit]:
    called = analysis.value(node.func)
    name = called.name.removeprefix("builtins.")
    if called.kind == "class":
        yield node, f"{getattr(called.node, 'name', 'the class')}() makes an instance"
    elif called.kind == "native" and name in CLASSES | EXCEPTIONS:
        parent = analysis.file.parent(node)
        if name == "range" and isinstance(parent, ast.For) and parent.iter is node:
            return  # of that, PE415 judges
        yield node, f"{name}() makes an object"
    elif called.kind == "native" and analysis.value(node).kind == "instance":
        yield node, f"{name}() makes an object"
