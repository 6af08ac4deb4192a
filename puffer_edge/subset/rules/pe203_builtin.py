# SPDX-License-Identifier: MIT
"""Built-in names that MicroPython lacks."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

VIPER = {"ptr", "ptr8", "ptr16", "ptr32", "uint", "const"}


@rule("PE203", "no-builtin", ast.Name,
      reason="CPython has the name built in, MicroPython does not: NameError.",
      instead="OSError for the errors of files and sockets, ImportError for those of modules.",
      bad="try:\n    open('x')\nexcept FileNotFoundError:\n    pass",
      good="try:\n    open('x')\nexcept OSError:\n    pass")
def check(node: ast.Name, file: File) -> Iterable[Hit]:
    if node.id in PYTHONS and isinstance(node.ctx, ast.Load) and file.is_builtin(node):
        names = file.names.scope("builtins")
        if (names is not None and node.id not in names and not is_guarded(node, file)
                and not file.in_annotation(node)):
            yield node, f"MicroPython has no built-in {node.id!r}"
        elif node.id == "slice" and _is_called(node, file) and not is_guarded(node, file):
            yield node, "MicroPython makes no slice() by a call"


def _is_called(node: ast.Name, file: File) -> bool:
    above = file.parent(node)
    return isinstance(above, ast.Call) and above.func is node


PYTHONS = {name for name in dir(builtins) if not name.startswith("_")} - VIPER
