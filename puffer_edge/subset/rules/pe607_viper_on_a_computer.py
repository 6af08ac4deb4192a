# SPDX-License-Identifier: MIT
"""viper on a computer of 64 bits."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.viper import is_viper
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE607", "viper-64-bit", ast.FunctionDef,
      reason="On a 64-bit computer int has 64 bits and ptr32 reads unsigned words, so viper code "
             "gives other results there than on a board.",
      instead="test it on a board or on an emulated one, and bytecode on the computer.",
      bad="# with --port unix\nimport micropython\n@micropython.viper\n"
          "def f(p: ptr32) -> int:\n    return p[0]",
      good="import micropython\n@micropython.native\ndef f(p):\n    return p[0]")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    if file.port == "unix" and is_viper(node, file):
        for argument in node.args.args:
            if isinstance(argument.annotation, ast.Name) and argument.annotation.id == "ptr32":
                yield argument, "ptr32 reads unsigned words on a 64-bit computer"
