"""Operations that viper does not have."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.viper import NATIVE, POINTERS, Types, is_viper
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE604", "viper-unsupported", ast.FunctionDef,
      reason="viper has no /, ** and not for native integers, no division of uint, no comparison "
             "of int with uint, no yield, and no slices of pointers.",
      instead="//, a product, == 0; ptr8(int(p) + n) for a part of memory.",
      bad="import micropython\n@micropython.viper\ndef f(n: int) -> bool:\n    return not n",
      good="import micropython\n@micropython.viper\ndef f(n: int) -> bool:\n    return n == 0")
def check(node: ast.FunctionDef, file: File) -> Iterable[Hit]:
    if not is_viper(node, file):
        return
    types = Types(node)
    for inner in types.nodes:
        if isinstance(inner, ast.BinOp | ast.AugAssign):
            operand = inner.left if isinstance(inner, ast.BinOp) else inner.target
            kind = types.of(operand)
            if kind in NATIVE and isinstance(inner.op, ast.Div | ast.Pow | ast.MatMult):
                yield inner, "viper has no /, ** and @ for native integers"
            elif kind == "uint" and isinstance(inner.op, ast.FloorDiv | ast.Mod):
                yield inner, "viper does not divide uint"
        elif isinstance(inner, ast.UnaryOp) and isinstance(inner.op, ast.Not):
            if types.of(inner.operand) in NATIVE and not _is_condition(inner, file):
                yield inner, "viper has no not for native integers"
        elif isinstance(inner, ast.Compare):
            if {types.of(inner.left), types.of(inner.comparators[0])} == {"int", "uint"}:
                yield inner, "viper does not compare int with uint"
        elif isinstance(inner, ast.Yield | ast.YieldFrom | ast.Await):
            yield inner, "viper has no generators"
        elif (isinstance(inner, ast.Subscript) and isinstance(inner.slice, ast.Slice)
              and types.of(inner.value) in POINTERS):
            yield inner, "viper has no slices of pointers"


def _is_condition(node: ast.UnaryOp, file: File) -> bool:
    """Whether it is the condition of a jump, where the compiler swaps the branches."""
    parent = file.parent(node)
    return isinstance(parent, ast.If | ast.While | ast.IfExp) and parent.test is node
