# SPDX-License-Identifier: MIT
"""Declared ranges that are wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE504", "wrong-declaration", ast.FunctionDef, ast.AsyncFunctionDef,
      reason="The value lies outside of the range that is declared for it.",
      instead="the right range.",
      bad="# puffer-edge: no-alloc\n# range: x in [0, 10]\ndef step():\n    x = 20\n    return x",
      good="# puffer-edge: no-alloc\n# range: x in [0, 20]\ndef step():\n    x = 20\n    return x")
def check(node: ast.FunctionDef | ast.AsyncFunctionDef, analysis: Analysis) -> Iterable[Hit]:
    for place, (value, bounds) in analysis.contradictions.items():
        above = analysis.file.parent(place)
        while above is not None and not isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            above = analysis.file.parent(above)
        if above is node:
            yield place, (f"{analysis.file.text(place)} lies in {value.described()}, not in the "
                          f"declared [{bounds[0]}, {bounds[1]}]")
