# SPDX-License-Identifier: MIT
"""Types of arrays."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

CODES = frozenset("bBhHiIlLqQfdOPS")


@rule("PE222", "typecode", ast.Call,
      reason="An array has no characters: ValueError, or TypeError where they are given.",
      instead="a str, a list of characters, or array('H', ...) of their numbers.",
      bad="from array import array\nx = array('u')", good="from array import array\nx = array('H')")
def check(node: ast.Call, file: File) -> Iterable[Hit]:
    code = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    if (isinstance(code, str) and code not in CODES
            and file.dotted(node.func) in ("array.array", "uarray.array")
            and not is_guarded(node, file)):
        yield node, f"MicroPython has no arrays of the type {code!r}"
