# SPDX-License-Identifier: MIT
"""Classes that inherit from built-in ones."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from puffer_edge.subset.facts.classes import CLASSES, around, builtin_base, method
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule


@rule("PE216", "builtin-base", ast.ClassDef, ast.Call,
      reason="An instance holds a list, a dict or an exception and is none: list.append(self, x) "
             "is a TypeError, Exception.__init__ an AttributeError, and before super().__init__() "
             "there is nothing in it.",
      instead="super().__init__() first, then super().append(x).",
      bad="class E(Exception):\n    def __init__(self):\n        Exception.__init__(self)",
      good="class E(Exception):\n    def __init__(self):\n        super().__init__()")
def check(node: ast.ClassDef | ast.Call, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.ClassDef):
        yield from _too_early(node, file)
        return
    called = node.func
    owner = around(node, file)
    if owner is None or not node.args or not isinstance(node.args[0], ast.Name):
        return
    first = node.args[0].id
    if (isinstance(called, ast.Attribute) and file.is_builtin(called.value, *CLASSES)
            and first == _self(node, file) and not is_guarded(node, file)):
        kind = getattr(called.value, "id", "")
        if builtin_base(owner, file) is not None and called.attr != "__new__":
            yield node, f"{kind}.{called.attr}({first}) fails, as {first} is no {kind} inside"
    elif (file.is_builtin(called, "float") and len(node.args) == 1
            and first == _self(node, file) and builtin_base(owner, file) == "float"
            and method(owner, "__float__") is None and not is_guarded(node, file)):
        yield node, f"float({first}) makes no number of a subclass of float"


def _self(node: ast.AST, file: File) -> str:
    """The name of the first parameter of the method around."""
    above = file.parent(node)
    while above is not None and not isinstance(above, ast.FunctionDef):
        above = file.parent(above)
    return above.args.args[0].arg if above is not None and above.args.args else ""


def _too_early(node: ast.ClassDef, file: File) -> Iterator[Hit]:
    """Uses of what is inherited in __init__, before super().__init__() or without it."""
    start = method(node, "__init__")
    base = builtin_base(node, file)
    if start is None or base is None or not start.args.args:
        return
    name = start.args.args[0].arg
    inherited = file.names.scope(f"builtins.{base}") or frozenset()
    for inner in _in_order(start.body):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and (
                inner.func.attr == "__init__"):
            return
        wrong = ""
        if isinstance(inner, ast.Subscript) and _is(inner.value, name):
            wrong = f"{name}[...]"
        elif (isinstance(inner, ast.Attribute) and _is(inner.value, name)
                and inner.attr in inherited and method(node, inner.attr) is None
                and isinstance(inner.ctx, ast.Load) and base not in ERRORS):
            wrong = f"{name}.{inner.attr}"
        elif isinstance(inner, ast.Raise) and inner.exc is not None and _is(inner.exc, name):
            wrong = f"raise {name}"
        if wrong:
            yield inner, f"{wrong} comes before super().__init__(): there is no {base} in it yet"
            return


def _in_order(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Nodes in the order of the source."""
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(list(ast.iter_child_nodes(node))))


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


ERRORS = {name for name in CLASSES if name.endswith(("Error", "Exception", "Exit", "Interrupt"))}
