# SPDX-License-Identifier: MIT
"""Assignments with a star."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE423", "star-assignment", ast.Starred,
      reason="The name with the star becomes a new list.",
      instead="indices.",
      bad="# puffer-edge: no-alloc\ndef step(t):\n    a, *b = t",
      good="# puffer-edge: no-alloc\ndef step(t):\n    a, b = t")
def check(node: ast.Starred, analysis: Analysis) -> Iterable[Hit]:
    if isinstance(node.ctx, ast.Store):
        yield node, "the name with the star becomes a new list"
