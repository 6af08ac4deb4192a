# SPDX-License-Identifier: MIT
"""Special methods that nothing calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.classes import builtin_base
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule

UNCALLED = {
    "__del__": "the collector does not call __del__ of classes in Python",
    "__init_subclass__": "a subclass does not call __init_subclass__",
    "__class_getitem__": "a class cannot be subscripted",
    "__format__": "format() and f-strings do not call __format__",
    "__index__": "__index__ makes no index",
    "__round__": "round() takes numbers only",
    "__ceil__": "math.ceil() takes numbers only", "__floor__": "math.floor() takes numbers only",
    "__trunc__": "math.trunc() takes numbers only",
    "__bytes__": "bytes() does not call __bytes__",
    "__getattribute__": "only __getattr__ is called, for what is not there",
    "__sizeof__": "there is no sys.getsizeof()",
    "__dir__": "dir() returns what __dir__ does, unsorted"}
SET_NAME = (1, 27)
"""The first version that calls __set_name__."""


@rule("PE306", "special-method", ast.ClassDef,
      reason="MicroPython knows fewer special methods: these are never called.",
      instead="a method with an ordinary name that the program calls, or a with statement.",
      bad="class A:\n    def __del__(self):\n        print('gone')",
      good="class A:\n    def close(self):\n        print('gone')")
def check(node: ast.ClassDef, file: File) -> Iterable[Hit]:
    for statement in node.body:
        if not isinstance(statement, ast.FunctionDef):
            continue
        why = UNCALLED.get(statement.name)
        if statement.name == "__missing__" and builtin_base(node, file) == "dict":
            why = "a dict does not call __missing__"
        if statement.name == "__set_name__" and file.names.version < SET_NAME:
            why = "a class does not call __set_name__ before 1.27"
        if why and not (statement.name == "__dir__" and _sorts(statement)):
            yield statement, f"in MicroPython {why}"


def _sorts(function: ast.FunctionDef) -> bool:
    """Whether a function returns nothing but sorted(...)."""
    return all(isinstance(inner.value, ast.Call) and getattr(inner.value.func, "id", "") == "sorted"
               for inner in ast.walk(function) if isinstance(inner, ast.Return))
