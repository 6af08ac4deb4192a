"""Modules that the firmware lacks."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.context import Context
from puffer_edge.subset.modules import missing, module_missing
from puffer_edge.subset.rule import Hit, rule


@rule("PE201", "no-module", ast.Import, ast.ImportFrom,
      reason="The module is not in the firmware of the port: ImportError.",
      instead="do without, or catch ImportError.",
      bad="import dataclasses",
      good="try:\n    from typing import Any\nexcept ImportError:\n    pass\nimport time")
def check(node: ast.Import | ast.ImportFrom, context: Context) -> Iterable[Hit]:
    for alias in node.names:
        lacks = missing(alias, node, context)
        module = alias.name if isinstance(node, ast.Import) else node.module or ""
        if lacks and module_missing(module, context) and not context.guarded(node):
            yield node, f"{context.port} has no module {lacks!r}"
            return
