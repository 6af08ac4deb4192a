# SPDX-License-Identifier: MIT
"""A bytearray that grows below a memoryview."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE310", "growing-view", ast.Call,
      reason="CPython raises BufferError, MicroPython moves the bytes: the memoryview shows memory "
             "that may be somebody else's.",
      instead="a bytearray of the final size.",
      bad="b = bytearray(4)\nm = memoryview(b)\nb.append(1)",
      good="b = bytearray(5)\nm = memoryview(b)\nm[4] = 1")
def check(node: ast.Call, file: File) -> Iterable[Hit]:
    grown = node.func
    if not (isinstance(grown, ast.Attribute) and grown.attr in ("append", "extend")
            and isinstance(grown.value, ast.Name)
            and file.type_of(grown.value) in ("builtins.bytearray", "array.array")):
        return
    bound = file.bound(grown.value)
    for other in file.tree.nodes if bound else ():
        if (isinstance(other, ast.Call) and file.is_builtin(other.func, "memoryview")
                and other.args and isinstance(other.args[0], ast.Name)
                and other.args[0].id == grown.value.id and (other.lineno, other.col_offset) < (
                    node.lineno, node.col_offset)
                and file.tree.scope_of(other) is file.tree.scope_of(node)
                and isinstance(file.parent(other), ast.Assign)):
            yield node, f"{grown.value.id} has a memoryview, and moves when it grows"
            return
