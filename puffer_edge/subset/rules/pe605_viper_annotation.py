# SPDX-License-Identifier: MIT
"""Annotations that viper does not know."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.viper import is_viper
from puffer_edge.subset.analysis.viper_types import TYPES
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE605", "viper-annotation", ast.FunctionDef,
      reason="In viper an annotation is a native type; another name is a ViperTypeError.",
      instead="object, bool, int, uint, ptr, ptr8, ptr16, ptr32.",
      bad="import micropython\n@micropython.viper\ndef f(x: float):\n    pass",
      good="import micropython\n@micropython.viper\ndef f(x: ptr8, n: int) -> object:\n    pass")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    if is_viper(node, file):
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        for annotation in (*(argument.annotation for argument in arguments), node.returns):
            if annotation is not None and not (
                    isinstance(annotation, ast.Name) and annotation.id in TYPES):
                yield annotation, f"viper does not know the type {ast.unparse(annotation)}"
