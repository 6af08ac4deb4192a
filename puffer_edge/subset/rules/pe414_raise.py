# SPDX-License-Identifier: MIT
"""Exceptions."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE414", "raise", ast.Raise,
      reason="An exception is an object with a traceback; heap_lock does not notice it, because it "
             "has a buffer of its own.",
      instead="a status that is returned.",
      bad="# puffer-edge: no-alloc\ndef step(a):\n    if a > 3:\n        raise ValueError",
      good="# puffer-edge: no-alloc\ndef step(a):\n    if a > 3:\n        return 1\n    return 0")
def check(node: ast.Raise, analysis: Analysis) -> Iterable[Hit]:
    if node.exc is not None:
        yield node, "raising makes an object"
