# SPDX-License-Identifier: MIT
"""Modules that the firmware lacks."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.facts.modules import missing, module_missing
from puffer_edge.subset.rule import Hit, rule


@rule("PE201", "no-module", ast.Import, ast.ImportFrom,
      reason="The module is not in the firmware of the port: ImportError.",
      instead="do without, or catch ImportError.",
      bad="import dataclasses",
      good="try:\n    from typing import Any\nexcept ImportError:\n    pass\nimport time")
def check(node: ast.Import | ast.ImportFrom, file: File) -> Iterable[Hit]:
    for alias in node.names:
        lacks = missing(alias, node, file)
        module = alias.name if isinstance(node, ast.Import) else node.module or ""
        if lacks and module_missing(module, file) and not is_guarded(node, file):
            yield node, f"{file.port} has no module {lacks!r}"
            if isinstance(node, ast.ImportFrom):
                return  # one module, several names
