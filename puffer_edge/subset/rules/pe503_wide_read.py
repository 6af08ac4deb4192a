# SPDX-License-Identifier: MIT
"""Reading 32-bit integers."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE503", "wide-read", ast.Subscript, ast.For,
      reason="An element of the type code i, I, l or L may need more than 31 bits, and is an "
             "object then.",
      instead="the type code h; or declare what is known: # range: x[...] in [-1000, 1000].",
      bad="from array import array\na = array('i', [1])\n# puffer-edge: no-alloc\n"
          "def step():\n    return a[0]",
      good="from array import array\na = array('i', [1])\n# puffer-edge: no-alloc\n"
           "# range: a[...] in [-1000, 1000]\ndef step():\n    return a[0]")
def check(node: ast.Subscript | ast.For, analysis: Analysis) -> Iterable[Hit]:
    read, element = (node.iter, node.target) if isinstance(node, ast.For) else (node.value, node)
    if isinstance(node, ast.Subscript) and (
            isinstance(node.slice, ast.Slice) or isinstance(node.ctx, ast.Store)):
        return
    holder, value = analysis.value(read), analysis.value(element)
    if holder.code in ("i", "I", "l", "L") and value.is_int and not value.small:
        yield read, f"an element lies in {value.described()} and may be an object"
