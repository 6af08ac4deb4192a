# SPDX-License-Identifier: MIT
"""What CPython refuses and MicroPython does not."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.classes import builtin_base, class_named, class_of, method
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule
from puffer_edge.subset.rules.pe219_exception_attribute import is_made

SERIALIZED = ("builtins.bytes", "builtins.set", "builtins.complex", "builtins.bytearray",
              "builtins.frozenset")
DUMPS = ("json.dumps", "json.dump", "ujson.dumps", "ujson.dump")


@rule("PE311", "accepted", ast.Call, ast.Attribute, ast.FunctionDef, ast.BinOp, ast.NamedExpr,
      reason="CPython raises an exception where MicroPython goes on with something.",
      instead="what both take, so that tests on a computer tell the truth.",
      bad="import json\nx = json.dumps(b'abc')", good="import json\nx = json.dumps('abc')")
def check(node: ast.Call | ast.Attribute | ast.FunctionDef | ast.BinOp | ast.NamedExpr,
          file: File) -> Iterable[Hit]:
    if isinstance(node, ast.Call):
        found = _call(node, file)
    elif isinstance(node, ast.Attribute):
        found = _attribute(node, file)
    elif isinstance(node, ast.FunctionDef):
        found = _text_method(node, file)
    else:
        found = _product(node, file) if isinstance(node, ast.BinOp) else _rebound(node, file)
    for text in found:
        yield node, text


def _call(node: ast.Call, file: File) -> Iterable[str]:
    first = node.args[0] if node.args else None
    if first is None:
        return
    if file.dotted(node.func) in DUMPS and file.type_of(first) in SERIALIZED:
        yield f"CPython's json has no {str(file.type_of(first)).removeprefix('builtins.')}"
    elif file.is_builtin(node.func, "complex") and isinstance(first, ast.Constant) and isinstance(
            first.value, str) and len(node.args) == 1:
        try:
            complex(first.value)
        except ValueError:
            yield f"CPython makes no complex number of {first.value!r}"
    elif file.is_builtin(node.func, "range") and any(
            file.dotted(inner) in ("sys.maxsize", "usys.maxsize") and inner is not argument
            for argument in node.args for inner in ast.walk(argument)):
        yield "bounds at sys.maxsize overflow in MicroPython's range()"


def _attribute(node: ast.Attribute, file: File) -> Iterable[str]:
    if not isinstance(node.ctx, ast.Load):
        return
    if node.attr == "format" and file.type_of(node.value) in ("builtins.bytes",
                                                              "builtins.bytearray"):
        yield "CPython's bytes have no format()"
    elif node.attr in ("value", "errno") and isinstance(node.value, ast.Name) and is_made(
            node.value, file, {"Exception", "ValueError", "TypeError", "RuntimeError"}):
        yield f"CPython's exceptions have no {node.attr!r}: use args[0]"


def _text_method(node: ast.FunctionDef, file: File) -> Iterable[str]:
    if node.name not in ("__str__", "__repr__") or not isinstance(file.parent(node), ast.ClassDef):
        return
    for inner in ast.walk(node):
        if not isinstance(inner, ast.Return) or inner.value is None:
            continue
        kind = file.type_of(inner.value)
        made = class_named(inner.value.func, file) if isinstance(inner.value, ast.Call) else None
        if kind and kind != "builtins.str" and isinstance(inner.value, ast.Constant):
            yield f"CPython refuses a {kind.removeprefix('builtins.')} from {node.name}"
        elif made is not None and builtin_base(made, file) == "str":
            yield f"MicroPython makes a plain str of the {made.name} from {node.name}"


def _product(node: ast.BinOp, file: File) -> Iterable[str]:
    for side, other in ((node.left, node.right), (node.right, node.left)):
        owner = class_of(side, file) or (
            class_named(side.func, file) if isinstance(side, ast.Call) else None)
        if (owner is not None and file.type_of(other) == "builtins.float" and not owner.bases
                and method(owner, "__float__")
                and not any(isinstance(item, ast.FunctionDef) and item.name[2:3] == "r"
                            for item in owner.body)
                and side is node.right):
            yield f"MicroPython calls {owner.name}.__float__ here, CPython refuses"


def _rebound(node: ast.NamedExpr, file: File) -> Iterable[str]:
    above = file.parent(node)
    while isinstance(above, ast.expr | ast.comprehension):
        for loop in getattr(above, "generators", ()):
            if any(isinstance(inner, ast.Name) and inner.id == node.target.id
                   for inner in ast.walk(loop.target)):
                yield f"CPython does not let := bind {node.target.id!r}, which a for binds"
                return
        above = file.parent(above)
