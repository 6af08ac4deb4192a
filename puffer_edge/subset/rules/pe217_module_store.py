# SPDX-License-Identifier: MIT
"""Names of the firmware's modules that nobody can replace."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

WRITABLE = {"sys": {"path", "ps1", "ps2", "tracebacklimit"}}
MODULES = {"array", "binascii", "errno", "gc", "json", "machine", "math", "micropython", "os",
           "random", "re", "select", "struct", "sys", "time", "uctypes"}
"""Modules in C, in the firmware's flash."""


@rule("PE217", "module-store", ast.Attribute,
      reason="A module of the firmware is in flash: AttributeError.",
      instead="a variable of your own; os.dupterm() for the standard streams.",
      bad="import sys\nsys.stdout = None", good="import sys\nsys.path = ['/lib']")
def check(node: ast.Attribute, file: File) -> Iterable[Hit]:
    if isinstance(node.ctx, ast.Load) or not isinstance(node.value, ast.Name):
        return
    module = (file.dotted(node.value) or "").split(".", 1)
    name = module[0].removeprefix("u") if module[0] != "uctypes" else module[0]
    if (len(module) == 1 and name in MODULES and name not in file.local_modules
            and node.attr not in WRITABLE.get(name, ()) and not is_guarded(node, file)):
        yield node, f"{name}.{node.attr} cannot be set or deleted in MicroPython"
