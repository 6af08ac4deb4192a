# SPDX-License-Identifier: MIT
"""Types as values: int | str, list[int]."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.classes import class_named
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

TYPES = ("int", "float", "complex", "bool", "str", "bytes", "bytearray", "list", "tuple", "dict",
         "set", "frozenset", "object", "type")


@rule("PE215", "type-expression", ast.BinOp, ast.Subscript,
      reason="Types cannot be combined or subscripted: TypeError. In an annotation they can, as "
             "nothing evaluates it.",
      instead="a tuple of types for isinstance().",
      bad="x = isinstance(1, int | str)", good="x = isinstance(1, (int, str))")
def check(node: ast.BinOp | ast.Subscript, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.BinOp):
        wrong = isinstance(node.op, ast.BitOr) and _is_type(node.left, file) and (
            _is_type(node.right, file) or _is_none(node.right))
    else:
        wrong = isinstance(node.ctx, ast.Load) and file.is_builtin(node.value, *TYPES)
    if wrong and not file.in_annotation(node) and not is_guarded(node, file):
        yield node, f"{file.text(node)} is no type in MicroPython"


def _is_type(node: ast.expr, file: File) -> bool:
    return file.is_builtin(node, *TYPES) or class_named(node, file) is not None


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
