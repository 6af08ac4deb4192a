# SPDX-License-Identifier: MIT
"""Methods that are not called at once."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule

KINDS = {"array": "array.array", **{name: f"builtins.{name}" for name in (
    "list", "str", "bytes", "bytearray", "dict", "set", "tuple")}}


@rule("PE409", "bound-method", ast.Attribute,
      reason="A method that is fetched and not called at once is an object with its instance.",
      instead="fetch it once, outside: append = a.append.",
      bad="class A:\n    def f(self): pass\n    # puffer-edge: no-alloc\n"
          "    def step(self):\n        return self.f",
      good="class A:\n    def f(self): pass\n    # puffer-edge: no-alloc\n"
           "    def step(self):\n        return self.f()")
def check(node: ast.Attribute, analysis: Analysis) -> Iterable[Hit]:
    parent = analysis.file.parent(node)
    if not isinstance(node.ctx, ast.Load) or (
            isinstance(parent, ast.Call) and parent.func is node):
        return
    value = analysis.value(node)
    kind = value.name.partition(".")[0]
    members = analysis.file.names.scope(KINDS[kind]) if kind in KINDS else None
    builtin = value.kind == "method" and members is not None and node.attr in members
    if value.kind == "bound" or builtin:
        yield node, f"fetching the method {node.attr} makes an object"
