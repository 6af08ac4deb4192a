# SPDX-License-Identifier: MIT
"""Comprehensions and generator expressions."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE407", "comprehension", ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
      reason="A comprehension makes its result and a function to make it with.",
      instead="a loop that writes into an array.",
      bad="# puffer-edge: no-alloc\ndef step(a):\n    return sum(x for x in a)",
      good="# puffer-edge: no-alloc\ndef step(a):\n    for x in a:\n        pass")
def check(node: ast.expr, analysis: Analysis) -> Iterable[Hit]:
    yield node, "a comprehension makes objects"
