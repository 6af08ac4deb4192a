# SPDX-License-Identifier: MIT
"""Integers that leave the small range."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.analysis.values import SMALL_HIGH, SMALL_LOW
from puffer_edge.subset.rule import Hit, rule


@rule("PE501", "integer-range", ast.BinOp, ast.UnaryOp, ast.AugAssign,
      reason="On a 32-bit port an integer outside of [-2**30, 2**30 - 1] is an object.",
      instead="smaller numbers: shift before adding up, or declare what is known as # range.",
      bad="# puffer-edge: no-alloc\n# range: x in [-32768, 32767]\ndef step(x):\n"
          "    return x * 40000",
      good="# puffer-edge: no-alloc\n# range: w[...] in [-128, 127]\n"
           "# range: x[...] in [-128, 127]\ndef step(w, x):\n    acc = 0\n"
           "    for i in range(64):\n        acc += w[i] * x[i]\n    return acc")
def check(node: ast.BinOp | ast.UnaryOp | ast.AugAssign, analysis: Analysis) -> Iterable[Hit]:
    if analysis.file.is_folded(node):
        return
    value = analysis.value(node)
    if value.bounded and not value.small:
        yield node, f"the result lies in {value.described()}, outside of {SMALL}"
        return
    operands: list[ast.expr] = [node.operand] if isinstance(node, ast.UnaryOp) else (
        [node.left, node.right] if isinstance(node, ast.BinOp) else [node.target, node.value])
    for operand in operands:
        value = analysis.value(operand)
        named = isinstance(operand, ast.Name | ast.Constant) or analysis.file.is_folded(operand)
        if named and value.bounded and not value.small:  # the result is one first, then made small
            yield node, f"an operand lies in {value.described()}, outside of {SMALL}"
            return


SMALL = f"[{SMALL_LOW}, {SMALL_HIGH}]"
