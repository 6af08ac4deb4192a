# SPDX-License-Identifier: MIT
"""Parameters that collect arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE411", "star-parameters", ast.FunctionDef, ast.AsyncFunctionDef,
      reason="*args is a new tuple and **kwargs a new dict at every call.",
      instead="named parameters; defaults and keywords are free.",
      bad="# puffer-edge: no-alloc\ndef step(*a):\n    pass",
      good="# puffer-edge: no-alloc\ndef step(a, b=1, *, c=2):\n    pass")
def check(node: ast.FunctionDef | ast.AsyncFunctionDef, analysis: Analysis) -> Iterable[Hit]:
    if analysis.followed(node):
        if node.args.vararg:
            yield node, f"*{node.args.vararg.arg} makes a tuple at every call"
        if node.args.kwarg:
            yield node, f"**{node.args.kwarg.arg} makes a dict at every call"
