# SPDX-License-Identifier: MIT
"""The order in which the bases of a class are looked through."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

from puffer_edge.subset.facts.classes import ancestors, builtin_base, class_named, method
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE307", "base-order", ast.ClassDef, ast.Attribute,
      reason="Bases are looked through depth first, so super() passes over the second way to a "
             "common base, and a built-in base hides what comes behind it; super() makes a "
             "property an object.",
      instead="one base, the built-in class as the last base, a method instead of the property.",
      bad="class A:\n    def f(self):\n        pass\n"
          "class B(A):\n    def f(self):\n        super().f()\n"
          "class C(A):\n    def f(self):\n        super().f()\n"
          "class D(B, C):\n    pass",
      good="class A:\n    def f(self):\n        pass\n"
           "class B:\n    def g(self):\n        pass\n"
           "class C(A, B):\n    pass")
def check(node: ast.ClassDef | ast.Attribute, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.Attribute):
        if _is_property_of_super(node, file):
            yield node, f"super().{node.attr} is the property itself in MicroPython"
        return
    bases = [class_named(base, file) for base in node.bases]
    ways = [({base, *ancestors(base, file)} if base else set()) for base in bases]
    for place, (base, way) in enumerate(zip(bases, ways, strict=True)):
        for later in range(place + 1, len(ways)):
            shared = way & ways[later]
            first, second = base, bases[later]
            if shared and first and second:
                for common in sorted(shared, key=lambda item: item.lineno):
                    for name in _chained(first, common, file) & _overridden(
                            second, common, file):
                        yield node, (f"{name}() of {second.name} is passed over: super() in "
                                     f"{first.name} means {common.name} in MicroPython")
                        return
        kind = _builtin(node.bases[place], base, file)
        hidden = sorted(name for other in ways[place + 1:] for owner in other
                        for name in HIDDEN if method(owner, name)
                        and name not in vars(getattr(builtins, kind or "object")))
        if kind and hidden:
            yield node, f"{kind} hides {hidden[0]} of the bases behind it in MicroPython"
            return


HIDDEN = ("__str__", "__bool__")
"""Of what built-in classes do without such a method in CPython."""


def _builtin(base: ast.expr, owner: ast.ClassDef | None, file: File) -> str | None:
    if owner is not None:
        return builtin_base(owner, file)
    return base.id if isinstance(base, ast.Name) and file.is_builtin(
        base, "list", "dict", "tuple", "set", "str", "bytes", "int", "float") else None


def _chained(first: ast.ClassDef, common: ast.ClassDef, file: File) -> set[str]:
    """Methods that call super() on the way from a base to the common one."""
    found = set()
    for owner in (first, *ancestors(first, file)):
        if owner is common:
            break
        for statement in owner.body:
            if isinstance(statement, ast.FunctionDef) and any(
                    isinstance(inner, ast.Call) and getattr(inner.func, "id", "") == "super"
                    for inner in ast.walk(statement)):
                found.add(statement.name)
    return found


def _overridden(second: ast.ClassDef, common: ast.ClassDef, file: File) -> set[str]:
    """Methods of the other way to the common base."""
    found = set()
    for owner in (second, *ancestors(second, file)):
        if owner is common:
            break
        found |= {statement.name for statement in owner.body
                  if isinstance(statement, ast.FunctionDef)}
    return found


def _is_property_of_super(node: ast.Attribute, file: File) -> bool:
    call = node.value
    if not (isinstance(call, ast.Call) and file.is_builtin(call.func, "super")
            and isinstance(node.ctx, ast.Load)):
        return False
    owner: ast.AST | None = node
    while owner is not None and not isinstance(owner, ast.ClassDef):
        owner = file.parent(owner)
    for base in ancestors(owner, file) if owner is not None else ():
        found = method(base, node.attr)
        if found is not None:
            return any(getattr(decorator, "id", "") == "property"
                       for decorator in found.decorator_list)
    return False
