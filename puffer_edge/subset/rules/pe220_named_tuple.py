# SPDX-License-Identifier: MIT
"""What named tuples lack."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.classes import around
from puffer_edge.subset.facts.file import File, is_named_tuple
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.facts.results import NAMED_TUPLE
from puffer_edge.subset.rule import Hit, rule

LACKING = {"_asdict", "_replace", "_make", "_fields", "_field_defaults"}


@rule("PE220", "named-tuple", ast.Attribute, ast.Call,
      reason="A named tuple has its fields and what tuples have, and no _asdict, _replace, _make "
             "and _fields: AttributeError. A comma in the names of the fields is a part of them.",
      instead="a list of the names beside it; names in a list, or with spaces between them.",
      bad="from collections import namedtuple\nP = namedtuple('P', ['x'])\ny = P(1)._asdict()",
      good="from collections import namedtuple\nP = namedtuple('P', ['x'])\ny = {'x': P(1).x}")
def check(node: ast.Attribute | ast.Call, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.Call):
        names = node.args[1] if len(node.args) > 1 else None
        if (is_named_tuple(node, file) and isinstance(names, ast.Constant)
                and isinstance(names.value, str) and "," in names.value):
            yield node, "MicroPython takes the commas for parts of the fields' names"
    elif node.attr in LACKING and _is_of_one(node.value, file) and not is_guarded(node, file):
        yield node, f"a named tuple has no {node.attr!r} in MicroPython"


def _is_of_one(node: ast.expr, file: File) -> bool:
    """Whether an expression is a named tuple, its class, or self or cls in a subclass."""
    if file.type_of(node) == NAMED_TUPLE:
        return True
    if not isinstance(node, ast.Name):
        return False
    found = file.bound(node)
    values = found[1] if found else []
    if values and all(is_named_tuple(value, file) for value in values):
        return True
    owner = around(node, file) if node.id in ("self", "cls") else (
        values[0] if len(values) == 1 else None)
    return isinstance(owner, ast.ClassDef) and any(
        is_named_tuple(base, file) for base in owner.bases)
