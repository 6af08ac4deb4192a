# SPDX-License-Identifier: MIT
"""Arithmetic with floats."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.natives import FLOATS
from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE401", "float-arithmetic", ast.BinOp, ast.UnaryOp, ast.AugAssign, ast.Call,
      reason="Every float that is computed is a new object of 16 bytes.",
      instead="integers of fixed point; or asm_thumb with its FPU registers.",
      bad="# puffer-edge: no-alloc\ndef step(x):\n    return x * 0.5",
      good="# puffer-edge: no-alloc\ndef step(x):\n    return x > 0.5")
def check(node: ast.BinOp | ast.UnaryOp | ast.AugAssign | ast.Call,
          analysis: Analysis) -> Iterable[Hit]:
    if analysis.value(node).kind != "float":
        return
    if isinstance(node, ast.Call):
        called = analysis.value(node.func)
        name = called.name.removeprefix("builtins.")
        if called.kind == "native" and (name in FLOATS or name in ("float", "round", "abs", "pow")):
            yield node, f"{name}() makes a float, which is an object"
    elif not isinstance(node, ast.UnaryOp) or not isinstance(node.operand, ast.Constant):
        yield node, "arithmetic with floats makes an object of every result"
