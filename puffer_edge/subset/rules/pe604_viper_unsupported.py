# SPDX-License-Identifier: MIT
"""Operations that viper does not have."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.viper import Types, is_viper
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE604", "viper-unsupported", ast.FunctionDef,
      reason="viper has no /, ** and not for native integers, no division of uint, no comparison "
             "of int with uint, no yield, and no slices of pointers.",
      instead="//, a product, == 0; ptr8(int(p) + n) for a part of memory.",
      bad="import micropython\n@micropython.viper\ndef f(n: int) -> bool:\n    return not n",
      good="import micropython\n@micropython.viper\ndef f(n: int) -> bool:\n    return n == 0")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    if is_viper(node, file):
        for fault in Types(node, file).faults:
            if fault.kind == "unsupported":
                yield fault.node, fault.text
