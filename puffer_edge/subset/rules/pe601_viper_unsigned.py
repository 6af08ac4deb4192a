# SPDX-License-Identifier: MIT
"""Negative numbers in memory that viper reads."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.flow import own_nodes
from puffer_edge.subset.analysis.viper import Types, is_viper
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE601", "viper-unsigned", ast.FunctionDef,
      reason="ptr8 and ptr16 read unsigned bytes and halfwords; what is read is never negative.",
      instead="sign-extend: (x ^ 0x80) - 0x80.",
      bad="import micropython\n@micropython.viper\ndef f(p: ptr8) -> int:\n    x = p[0]\n"
          "    if x < 0:\n        return 1\n    return 0",
      good="import micropython\n@micropython.viper\ndef f(p: ptr8) -> int:\n"
           "    x = (p[0] ^ 0x80) - 0x80\n    if x < 0:\n        return 1\n    return 0")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    if not is_viper(node, file):
        return
    types, nodes = Types(node, file), own_nodes(node.body)
    assigned: dict[str, list[ast.expr]] = {}
    for inner in nodes:
        if isinstance(inner, ast.Assign):
            for target in inner.targets:
                if isinstance(target, ast.Name):
                    assigned.setdefault(target.id, []).append(inner.value)
        elif isinstance(inner, ast.AugAssign) and isinstance(inner.target, ast.Name):
            assigned.setdefault(inner.target.id, []).append(inner)  # type: ignore[arg-type]

    def unsigned(read: ast.expr) -> bool:
        if isinstance(read, ast.Name):
            values = assigned.get(read.id, [])
            return bool(values) and all(isinstance(v, ast.Subscript) and unsigned(v)
                                        for v in values)
        return isinstance(read, ast.Subscript) and types.of(read.value) in ("ptr8", "ptr16")

    for inner in nodes:
        if (isinstance(inner, ast.Compare) and isinstance(inner.ops[0], ast.Lt)
                and isinstance(inner.comparators[0], ast.Constant)
                and inner.comparators[0].value == 0 and unsigned(inner.left)):
            yield inner, "what ptr8 and ptr16 read is never negative"
