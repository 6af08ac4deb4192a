# SPDX-License-Identifier: MIT
"""Iterators that are objects."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule

ITERATORS = {"enumerate", "zip", "map", "filter", "reversed", "iter", "sorted"}
VIEWS = {"dict.items", "dict.keys", "dict.values"}


@rule("PE416", "iterator", ast.Call,
      reason="enumerate(), zip(), items() and the like make an object, and often a tuple per turn.",
      instead="for i in range(len(a)).",
      bad="# puffer-edge: no-alloc\ndef step(a):\n    for i, x in enumerate(a):\n        pass",
      good="# puffer-edge: no-alloc\ndef step(a):\n    for i in range(len(a)):\n        pass")
def check(node: ast.Call, analysis: Analysis) -> Iterable[Hit]:
    called = analysis.value(node.func)
    name = called.name.removeprefix("builtins.")
    if (called.kind == "native" and name in ITERATORS) or (
            called.kind == "method" and name in VIEWS):
        yield node, f"{name}() makes an object"
