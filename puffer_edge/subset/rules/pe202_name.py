# SPDX-License-Identifier: MIT
"""Names that a module of the firmware lacks."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.facts.modules import missing, module_missing
from puffer_edge.subset.rule import Hit, rule


@rule("PE202", "no-name-in-module", ast.ImportFrom, ast.Attribute,
      reason="The module is there, but without the name: ImportError or AttributeError.",
      instead="what the module has (the text names what is near), or catch the error.",
      bad="import time\nstart = time.perf_counter()",
      good="import time\nstart = time.ticks_us()")
def check(node: ast.ImportFrom | ast.Attribute, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            lacks = missing(alias, node, file)
            if lacks and not module_missing(node.module or "", file) and not is_guarded(
                    node, file):
                yield node, f"{node.module} of {file.port} has no {alias.name!r}"
        return
    if not isinstance(node.ctx, ast.Load) or node.attr.startswith("__"):
        return
    module = file.dotted(node.value)
    if module is None or module.split(".")[0] in file.local_modules | {"builtins"}:
        return
    names = file.names.scope(module)
    if (names is not None and "*" not in names and node.attr not in names
            and file.names.scope(f"{module}.{node.attr}") is None
            and not is_guarded(node, file)):
        yield node, f"{module} of {file.port} has no {node.attr!r}"
