# SPDX-License-Identifier: MIT
"""Ranges that are objects."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE415", "range-object", ast.For,
      reason="for ... in range() is compiled to a counter only if the step is a constant.",
      instead="a while loop, or a step written as a number.",
      bad="# puffer-edge: no-alloc\ndef step(s):\n    for i in range(0, 9, s):\n        pass",
      good="# puffer-edge: no-alloc\ndef step(n):\n    for i in range(n, 0, -2):\n        pass")
def check(node: ast.For, analysis: Analysis) -> Iterable[Hit]:
    call = node.iter
    if isinstance(call, ast.Call) and analysis.file.is_builtin(call.func, "range") and (
            call.keywords or (len(call.args) > 2 and not analysis.file.is_folded(call.args[2]))):
        yield call, "a range with a variable step is an object"
