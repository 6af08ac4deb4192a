# SPDX-License-Identifier: MIT
"""Integers whose range is not known."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule

GROWS = (ast.Add, ast.Sub, ast.Mult, ast.LShift, ast.Pow)


@rule("PE502", "unknown-range", ast.BinOp, ast.UnaryOp, ast.AugAssign,
      reason="The range of an operand is not known, so the result may be an object.",
      instead="declare it: # range: x in [-128, 127].",
      bad="# puffer-edge: no-alloc\ndef step(x):\n    return x * x",
      good="# puffer-edge: no-alloc\n# range: x in [-128, 127]\ndef step(x):\n    return x * x")
def check(node: ast.BinOp | ast.UnaryOp | ast.AugAssign, analysis: Analysis) -> Iterable[Hit]:
    value = analysis.value(node)
    if isinstance(node, ast.UnaryOp):
        operands = [node.operand]
        grows = isinstance(node.op, ast.USub)
    else:
        operands = [node.left, node.right] if isinstance(node, ast.BinOp) else [
            node.target, node.value]
        grows = isinstance(node.op, GROWS)
    kinds = {analysis.value(operand).kind for operand in operands}
    if not grows or not kinds <= {"unknown", "int", "attribute"}:
        return
    if any(_reported(operand, analysis) for operand in operands):
        return  # the reason lies there
    unbounded = value.is_int and not value.bounded
    if unbounded or (value.kind == "unknown"):
        unknown = [operand for operand in operands if not analysis.value(operand).bounded]
        names = ", ".join(sorted({analysis.file.text(operand) for operand in unknown or operands}))
        yield node, f"the range of {names} is not known"


def _reported(node: ast.expr, analysis: Analysis) -> bool:
    """Whether the range of an operand is unknown for the operands of its own."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, GROWS) and (
        not analysis.value(node).bounded) and not analysis.file.is_declared(node)
