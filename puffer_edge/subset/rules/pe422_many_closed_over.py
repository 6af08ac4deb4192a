# SPDX-License-Identifier: MIT
"""Calls of closures over many variables."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.facts.closures import closed_over
from puffer_edge.subset.rule import Hit, rule

MOST = 5


@rule("PE422", "many-closed-over", ast.Call, ast.FunctionDef,
      reason="A closure is called with its outer variables as arguments; more than five arguments "
             "in all are put on the heap for the time of the call.",
      instead="one tuple of the variables, unpacked inside.",
      bad="def make(a, b, c, d, e, f):\n    # puffer-edge: no-alloc\n    def step():\n"
          "        return a and b and c and d and e and f\n    return step",
      good="def make(a, b, c, d, e, f):\n    all = (a, b, c, d, e, f)\n"
           "    # puffer-edge: no-alloc\n    def step():\n        a, b, c, d, e, f = all\n"
           "        return a and b and c and d and e and f\n    return step")
def check(node: ast.Call | ast.FunctionDef, analysis: Analysis) -> Iterable[Hit]:
    if isinstance(node, ast.FunctionDef):
        names = closed_over(node, analysis.file) if analysis.followed(node) else []
        required = len(node.args.args) - len(node.args.defaults)
        if names and len(names) + required > MOST:
            yield node, (f"every call puts {len(names)} outer variables and {required} arguments "
                         "on the heap")
        return
    called = analysis.value(node.func)
    if called.kind == "function" and isinstance(called.node, ast.FunctionDef):
        names = closed_over(called.node, analysis.home(called.node))
        required = len(called.node.args.args) - len(called.node.args.defaults)
        given = len(node.args) + 2 * len(node.keywords)
        if names and len(names) + given > MOST >= len(names) + required:
            yield node, f"the call puts {len(names)} outer variables and its arguments on the heap"
