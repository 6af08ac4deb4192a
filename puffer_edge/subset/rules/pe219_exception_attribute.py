# SPDX-License-Identifier: MIT
"""Attributes of exceptions."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable

from puffer_edge.subset.facts.classes import CLASSES
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

LACKING = {"add_note", "with_traceback", "__traceback__", "__cause__", "__context__", "__notes__",
           "__suppress_context__"}
OF_KINDS = {("OSError", "IOError"): {"strerror", "filename", "filename2"},
            ("SystemExit",): {"code"}, ("ImportError",): {"name", "path", "msg"},
            ("SyntaxError",): {"lineno", "offset", "text", "msg", "filename"},
            ("UnicodeError",): {"encoding", "object", "start", "end", "reason"}}
""".args and .errno are what there is."""


@rule("PE219", "exception-attribute", ast.Attribute,
      reason="An exception has args, value and errno, takes no other attributes, and knows neither "
             "its traceback nor its cause: AttributeError.",
      instead="arguments, or an own class with attributes; sys.print_exception(e).",
      bad="try:\n    open('x')\nexcept OSError as e:\n    e.add_note('x')",
      good="import sys\ntry:\n    open('x')\nexcept OSError as e:\n    sys.print_exception(e)")
def check(node: ast.Attribute, file: File) -> Iterable[Hit]:
    if not isinstance(node.value, ast.Name) or is_guarded(node, file):
        return
    if isinstance(node.ctx, ast.Load):
        handler = _handler(node.value, file)
        if (node.attr in LACKING and (handler or is_made(node.value, file, ERRORS))) or (
                handler and any(node.attr in names and file.is_builtin(handler.type, *kinds)
                                for kinds, names in OF_KINDS.items())):
            yield node, f"an exception has no {node.attr!r} in MicroPython"
    elif node.attr != "__traceback__" and is_made(node.value, file, ERRORS):
        yield node, f"a built-in exception takes no attribute {node.attr!r} in MicroPython"


def is_made(name: ast.Name, file: File, kinds: Collection[str]) -> bool:
    """Whether a name stands for a built-in exception that is made in the file."""
    found = file.bound(name)
    return found is not None and all(
        isinstance(value, ast.Call) and file.is_builtin(value.func, *kinds)
        for value in found[1])


def _handler(name: ast.Name, file: File) -> ast.ExceptHandler | None:
    """The except around a name that binds it."""
    above = file.parent(name)
    while above is not None:
        if isinstance(above, ast.ExceptHandler) and above.name == name.id:
            return above
        above = file.parent(above)
    return None


ERRORS = {name for name in CLASSES if name.endswith(("Error", "Exception", "Exit", "Interrupt",
                                                      "Iteration", "Warning"))}
