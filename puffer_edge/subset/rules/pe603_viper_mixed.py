# SPDX-License-Identifier: MIT
"""Native integers and objects in one operation."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.viper import Types, is_viper
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE603", "viper-mixed", ast.FunctionDef,
      reason="viper does not convert between native integers and objects, floats among them: "
             "ViperTypeError.",
      instead="int(x) around the object; fixed point for floats.",
      bad="import micropython\n@micropython.viper\ndef f(n: int) -> int:\n    return n * 1.5",
      good="import micropython\n@micropython.viper\ndef f(n: int) -> int:\n"
           "    return n * int(abs(n))")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    if is_viper(node, file):
        for fault in Types(node, file).faults:
            if fault.kind == "mixed":
                yield fault.node, fault.text
