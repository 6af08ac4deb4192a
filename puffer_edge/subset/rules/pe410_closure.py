# SPDX-License-Identifier: MIT
"""Functions and classes that are defined on the way."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE410", "closure", ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
      reason="A def, lambda or class makes an object when it runs; with outer variables, more.",
      instead="define it outside.",
      bad="# puffer-edge: no-alloc\ndef step(a):\n    return lambda: a",
      good="def f(): pass\n# puffer-edge: no-alloc\ndef step():\n    return f()")
def check(node: ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
          analysis: Analysis) -> Iterable[Hit]:
    above = analysis.file.parent(node)
    while above is not None:
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            if analysis.followed(above) and (isinstance(node, ast.Lambda)
                                            or node in analysis.reached):
                yield node, "a function or class that is defined here is a new object"
            return
        above = analysis.file.parent(above)
