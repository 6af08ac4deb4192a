# SPDX-License-Identifier: MIT
"""Literals that are objects in viper."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.viper import Types, is_viper
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE602", "viper-wide-literal", ast.FunctionDef,
      reason="A literal above 2**30 - 1 is an object, and does not mix with native integers.",
      instead="int(0x7fffffff), or a shift: 1 << 31.",
      bad="import micropython\n@micropython.viper\ndef f(p: ptr32):\n    p[0] = 0x7fffffff",
      good="import micropython\n@micropython.viper\ndef f(p: ptr32):\n    p[0] = int(0x7fffffff)")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    if is_viper(node, file):
        for fault in Types(node, file).faults:
            if fault.kind == "wide":
                yield fault.node, fault.text
