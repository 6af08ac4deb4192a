"""Integers that leave the small range."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.context import Context
from puffer_edge.subset.rule import Hit, rule
from puffer_edge.subset.values import SMALL_HIGH, SMALL_LOW


@rule("PE501", "integer-range", ast.BinOp, ast.UnaryOp, ast.AugAssign,
      reason="On a 32-bit port an integer outside of [-2**30, 2**30 - 1] is an object.",
      instead="smaller numbers: shift before adding up, or declare what is known as # range.",
      bad="# puffer-edge: no-alloc\n# range: x in [-32768, 32767]\ndef step(x):\n"
          "    return x * 40000",
      good="# puffer-edge: no-alloc\n# range: w[...] in [-128, 127]\n"
           "# range: x[...] in [-128, 127]\ndef step(w, x):\n    acc = 0\n"
           "    for i in range(64):\n        acc += w[i] * x[i]\n    return acc")
def check(node: ast.BinOp | ast.UnaryOp | ast.AugAssign, context: Context) -> Iterable[Hit]:
    value = context.value(node)
    if value.bounded and not value.small and not context.is_folded(node):
        yield node, (f"the result lies in {value.described()}, outside of "
                     f"[{SMALL_LOW}, {SMALL_HIGH}]")
