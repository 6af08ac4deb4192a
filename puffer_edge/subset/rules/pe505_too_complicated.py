# SPDX-License-Identifier: MIT
"""Functions that are too complicated to be analysed."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE505", "too-complicated", ast.FunctionDef, ast.AsyncFunctionDef,
      reason="The analysis gave up, so nothing is known about the function.",
      instead="several functions.",
      bad="# puffer-edge: no-alloc\ndef step():\n" + "\n".join(
          f"{' ' * (4 + i)}for x{i} in range(9):\n{' ' * (5 + i)}y{i} = x{i} + 1"
          for i in range(9)),
      good="# puffer-edge: no-alloc\ndef step():\n    for i in range(9):\n        pass")
def check(node: ast.FunctionDef | ast.AsyncFunctionDef, analysis: Analysis) -> Iterable[Hit]:
    if node in analysis.too_much:
        yield node, f"{node.name} is too complicated to be analysed"
