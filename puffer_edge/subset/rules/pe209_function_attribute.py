# SPDX-License-Identifier: MIT
"""Attributes of functions, methods and classes."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.classes import class_named
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

OF_FUNCTIONS = {"__annotations__", "__closure__", "__defaults__", "__dict__", "__doc__",
                "__kwdefaults__", "__module__", "__qualname__", "__wrapped__"}
OF_METHODS = {"__self__", "__func__"}
OF_MODULES = {"__path__", "__spec__", "__loader__", "__package__", "__doc__"}
OF_CLASSES = {"__annotations__", "__doc__", "__mro__", "__subclasses__", "mro"}


@rule("PE209", "function-attribute", ast.Attribute,
      reason="A function has __name__ and no other attribute, and takes none; a method does not "
             "tell its object, and a class neither its documentation nor its order of bases.",
      instead="a dict from the function to what belongs to it, or a class with __call__.",
      bad="def f():\n    pass\nf.calls = 0", good="def f():\n    pass\ncalls = {f: 0}")
def check(node: ast.Attribute, file: File) -> Iterable[Hit]:
    lacks = ""
    if isinstance(node.value, ast.Name):
        if class_named(node.value, file) is not None:
            lacks = "a class" if node.attr in OF_CLASSES and isinstance(
                node.ctx, ast.Load) and not _defines(node, file) else ""
        elif _is_function(node.value, file) and (
                not isinstance(node.ctx, ast.Load) or node.attr in OF_FUNCTIONS):
            lacks = "a function"
        elif node.attr in OF_MODULES and isinstance(node.ctx, ast.Load) and _is_module(
                node.value, file):
            lacks = "a module"
    elif node.attr in OF_METHODS and isinstance(node.value, ast.Attribute):
        lacks = "a method"
    if lacks and not is_guarded(node, file):
        text = f"{lacks} has no attribute {node.attr!r} in MicroPython"
        yield node, text if node.attr != "__path__" else (
            "the __path__ of a package is a str in MicroPython, of a module there is none")


def _is_function(name: ast.Name, file: File) -> bool:
    """Whether a name stands for one function without decorators."""
    found = file.bound(name)
    return found is not None and all(
        isinstance(value, ast.FunctionDef | ast.AsyncFunctionDef) and not value.decorator_list
        for value in found[1])


def _is_module(name: ast.Name, file: File) -> bool:
    """Whether a name stands for what ``import name`` brings."""
    found = file.bound(name)
    return found is not None and all(
        isinstance(value, ast.alias) and isinstance(file.parent(value), ast.Import)
        for value in found[1])


def _defines(node: ast.Attribute, file: File) -> bool:
    """Whether the class, or a base that is not known, may have the name."""
    owner = class_named(node.value, file)
    return owner is None or bool(owner.bases) or any(
        isinstance(inner, ast.Name) and inner.id == node.attr for statement in owner.body
        for inner in ast.walk(statement)) or any(
        isinstance(statement, ast.FunctionDef) and statement.name == node.attr
        for statement in owner.body)
