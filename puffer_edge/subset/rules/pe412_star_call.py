# SPDX-License-Identifier: MIT
"""Calls with a star."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE412", "star-call", ast.Call,
      reason="The arguments are copied into a block of the heap, and it is freed after the call.",
      instead="write the arguments out.",
      bad="def f(a, b): pass\n# puffer-edge: no-alloc\ndef step(t):\n    f(*t)",
      good="def f(a, b): pass\n# puffer-edge: no-alloc\ndef step(t):\n    f(t, b=1)")
def check(node: ast.Call, analysis: Analysis) -> Iterable[Hit]:
    if any(isinstance(argument, ast.Starred) for argument in node.args) or any(
            keyword.arg is None for keyword in node.keywords):
        yield node, "a call with * or ** takes memory for its arguments"
