# SPDX-License-Identifier: MIT
"""Reading an array of floats."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE402", "float-element", ast.Subscript, ast.For,
      reason="An array of floats holds bare numbers; reading one makes an object.",
      instead="integers of fixed point, or one call of asm_thumb on the whole array.",
      bad="from array import array\na = array('f', [1, 2])\n# puffer-edge: no-alloc\n"
          "def step():\n    a[0] = a[1]",
      good="from array import array\na = array('f', [1, 2])\n# puffer-edge: no-alloc\n"
           "def step():\n    a[0] = 1.5")
def check(node: ast.Subscript | ast.For, analysis: Analysis) -> Iterable[Hit]:
    read = node.iter if isinstance(node, ast.For) else node.value
    if isinstance(node, ast.Subscript) and (
            isinstance(node.slice, ast.Slice) or (not isinstance(node.ctx, ast.Load)
            and not isinstance(analysis.file.parent(node), ast.AugAssign))):
        return
    value = analysis.value(read)
    if value.kind in ("array", "memoryview") and value.code in ("f", "d"):
        yield read, "reading an array of floats makes an object of every element"
