# SPDX-License-Identifier: MIT
"""except* and exception groups."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE105", "except-star", *([ast.TryStar] if hasattr(ast, "TryStar") else []),
      reason="The parser has no except*: SyntaxError.",
      instead="except.",
      bad="try:\n    pass\nexcept* ValueError:\n    pass",
      good="try:\n    pass\nexcept ValueError:\n    pass")
def check(node: ast.stmt, file: File) -> Iterable[Hit]:
    yield node, "MicroPython has no except*"
