# SPDX-License-Identifier: MIT
"""Calls that cannot be followed."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis import natives
from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE420", "unknown-call", ast.Call,
      reason="What is called is not known from the files given, so it may allocate.",
      instead="call a function by its name; or check what can be called, and say so behind a noqa.",
      bad="# puffer-edge: no-alloc\ndef step(f):\n    f()",
      good="def f(): pass\n# puffer-edge: no-alloc\ndef step():\n    f()")
def check(node: ast.Call, analysis: Analysis) -> Iterable[Hit]:
    called = analysis.value(node.func)
    if called.kind == "instance" and natives.judged(f"{called.name}.__call__"):
        return
    if called.kind not in ("function", "bound", "class", "native", "method"):
        yield node, f"{analysis.file.text(node.func)}() cannot be followed"
        return
    native = called.kind == "native" and analysis.value(node).kind not in ("float", "instance")
    if (native or called.kind == "method") and not natives.judged(called.name):
        yield node, f"nobody has measured whether {called.name}() allocates"
