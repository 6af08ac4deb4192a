"""Declared ranges that are wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.context import Context
from puffer_edge.subset.rule import Hit, rule


@rule("PE504", "wrong-declaration", ast.FunctionDef, ast.AsyncFunctionDef,
      reason="The value lies outside of the range that is declared for it.",
      instead="the right range.",
      bad="# puffer-edge: no-alloc\n# range: x in [0, 10]\ndef step():\n    x = 20\n    return x",
      good="# puffer-edge: no-alloc\n# range: x in [0, 20]\ndef step():\n    x = 20\n    return x")
def check(node: ast.FunctionDef | ast.AsyncFunctionDef, context: Context) -> Iterable[Hit]:
    for place, (value, bounds) in context.contradictions.items():
        above = context.parent(place)
        while above is not None and not isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            above = context.parent(above)
        if above is node:
            yield place, (f"{context.text(place)} lies in {value.described()}, not in the "
                          f"declared [{bounds[0]}, {bounds[1]}]")
