"""Keyword arguments that MicroPython's functions do not take."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

LACKING = {"from_bytes": {"signed"}, "zip": {"strict"}, "round": {"ndigits"},
           "enumerate": set(), "sum": {"start"}, "int": {"base"}, "pow": {"base", "exp", "mod"},
           "split": {"sep", "maxsplit"}, "rsplit": {"sep", "maxsplit"}, "splitlines": {"keepends"},
           "decode": {"encoding", "errors"}, "encode": {"encoding", "errors"}, "str": {"object"}}
METHODS = {"split", "rsplit", "splitlines", "decode", "encode", "from_bytes"}


@rule("PE205", "no-keyword", ast.Call,
      reason="The function takes the argument by position only, or not at all: TypeError.",
      instead="give it by position.",
      bad="x = 'a b'.split(sep=' ')", good="x = 'a b'.split(' ')")
def check(node: ast.Call, file: File) -> Iterable[Hit]:
    name = ""
    if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
        kind = file.dotted(node.func.value) or file.type_of(node.func.value) or ""
        name = node.func.attr if kind.startswith("builtins.") else ""
    elif isinstance(node.func, ast.Name) and file.is_builtin(node.func):
        name = node.func.id
    for keyword in node.keywords:
        if keyword.arg in LACKING.get(name, ()) and not is_guarded(node, file):
            yield node, f"{name}() takes no keyword {keyword.arg!r} in MicroPython"
