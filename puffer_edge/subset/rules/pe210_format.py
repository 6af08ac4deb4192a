# SPDX-License-Identifier: MIT
"""Fields and formats of str.format(), % and f-strings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from string import Formatter

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

SPEC = re.compile(r"(?:.?[<>=^])?[+\- ]?(z?)#?0?\d*([,_]?)(?:\.\d+)?([a-zA-Z%]?)", re.S)
UNDERLINED = (1, 26)
"""The first version that groups digits with an underscore."""


@rule("PE210", "format", ast.Call, ast.JoinedStr, ast.BinOp,
      reason="A field of format() is a name or a number without [...] and .name: "
             "NotImplementedError; , and _ group the digits of integers only, and there is no !a.",
      instead="give format() the element itself, and put marks between digits by hand.",
      bad="a = [1, 2]\nx = '{a[0]}'.format(a=a)", good="a = [1, 2]\nx = '{}'.format(a[0])")
def check(node: ast.Call | ast.JoinedStr | ast.BinOp, file: File) -> Iterable[Hit]:
    for text in _wrong(node, file):
        if not is_guarded(node, file):
            yield node, text
        return


def _wrong(node: ast.Call | ast.JoinedStr | ast.BinOp, file: File) -> Iterable[str]:
    if isinstance(node, ast.JoinedStr):
        for value in node.values:
            if isinstance(value, ast.FormattedValue) and value.format_spec is not None:
                yield from _spec(_constant(value.format_spec), file, value.value)
    elif isinstance(node, ast.BinOp):
        if (isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant)
                and isinstance(node.left.value, str)
                and re.search(r"(?<!%)(?:%%)*%[-+ #0]*[\d.]*a", node.left.value)):
            yield "MicroPython has no %a"
    elif (isinstance(node.func, ast.Attribute) and node.func.attr == "format"
            and isinstance(node.func.value, ast.Constant)
            and isinstance(node.func.value.value, str)):
        yield from _fields(node.func.value.value, node, file)


def _fields(text: str, node: ast.Call, file: File) -> Iterable[str]:
    try:
        fields = list(Formatter().parse(text))
    except ValueError:
        return
    for number, (_, field, spec, conversion) in enumerate(
            item for item in fields if item[1] is not None):
        if conversion == "a":
            yield "MicroPython has no !a"
        if field and re.search(r"[.\[]", field):
            yield f"MicroPython cannot look into a field: {{{field}}}"
        plain = not any(isinstance(argument, ast.Starred) for argument in node.args)
        place = int(field) if field and field.isdecimal() else number if not field else -1
        value = node.args[place] if plain and 0 <= place < len(node.args) else None
        if spec and "{" not in spec:
            yield from _spec(spec, file, value)


def _spec(spec: str, file: File, value: ast.expr | None) -> Iterable[str]:
    """What is wrong with a format, as in ``,.2f``, of a value."""
    match = SPEC.fullmatch(spec)
    if match is None:
        return
    negative, group, kind = match.groups()
    if negative:
        yield "MicroPython has no z in formats"
    floating = kind in tuple("eEfFgG%") or (
        not kind and value is not None and file.type_of(value) == "builtins.float")
    if group and floating:
        yield f"MicroPython does not group the digits of floats with {group!r}"
    elif group == "_" and file.names.version < UNDERLINED:
        yield "MicroPython does not group digits with '_' before 1.26"
    elif group == "," and kind in tuple("bxXo"):
        yield f"CPython refuses ',' with {kind!r}, MicroPython does not"


def _constant(spec: ast.expr) -> str:
    """The text of a format that has no fields of its own."""
    parts = spec.values if isinstance(spec, ast.JoinedStr) else [spec]
    return "".join(part.value if isinstance(part, ast.Constant) and isinstance(part.value, str)
                   else "\0" for part in parts)
