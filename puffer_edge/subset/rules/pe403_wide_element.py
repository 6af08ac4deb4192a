# SPDX-License-Identifier: MIT
"""Reading an array of 64-bit integers."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE403", "wide-element", ast.Subscript, ast.For,
      reason="Elements of the type codes q and Q are read as objects, small ones too.",
      instead="the type code i, or two arrays.",
      bad="from array import array\na = array('q', [1])\n# puffer-edge: no-alloc\n"
          "def step():\n    return a[0]",
      good="from array import array\na = array('h', [1])\n# puffer-edge: no-alloc\n"
           "def step():\n    return a[0]")
def check(node: ast.Subscript | ast.For, analysis: Analysis) -> Iterable[Hit]:
    read = node.iter if isinstance(node, ast.For) else node.value
    if isinstance(node, ast.Subscript) and (
            isinstance(node.slice, ast.Slice) or not isinstance(node.ctx, ast.Load)):
        return
    value = analysis.value(read)
    if value.kind in ("array", "memoryview") and value.code in ("q", "Q"):
        yield read, "reading 64-bit integers makes an object of every element"
