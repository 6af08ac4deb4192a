"""Native integers and objects in one operation."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.viper import NATIVE, POINTERS, Types, is_viper
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
    if not is_viper(node, file):
        return
    types = Types(node)
    for inner in types.nodes:
        if isinstance(inner, ast.BinOp):
            pairs = [(types.of(inner.left), types.of(inner.right))]
        elif isinstance(inner, ast.AugAssign):
            pairs = [(types.of(inner.target), types.of(inner.value))]
        elif isinstance(inner, ast.Compare):
            pairs = [(types.of(inner.left), types.of(right)) for operator, right in zip(
                inner.ops, inner.comparators, strict=True)
                if not isinstance(operator, ast.Is | ast.IsNot | ast.In | ast.NotIn)][:1]
        elif isinstance(inner, ast.Return) and inner.value is not None:
            found = types.of(inner.value)
            if types.result in NATIVE and found not in (types.result, "bool"):
                yield inner, f"the function gives back {types.result}, this is {found}"
            continue
        elif isinstance(inner, ast.Assign):
            for target in inner.targets:
                found = types.of(inner.value)
                if isinstance(target, ast.Name) and types.of_name(target.id) != found:
                    yield inner, (f"{target.id} is {types.of_name(target.id)} and cannot become "
                                  f"{found}")
                elif (isinstance(target, ast.Subscript) and found == "object"
                      and types.of(target.value) in POINTERS):
                    yield inner, "an object cannot be stored through a pointer"
            continue
        else:
            continue
        for left, right in pairs:
            if (left in NATIVE) != (right in NATIVE) and "object" in (left, right):
                yield inner, f"viper does not mix {left} and {right}"
