# SPDX-License-Identifier: MIT
"""Methods that a built-in class lacks."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.facts.results import FILE, NAMED_TUPLE
from puffer_edge.subset.rule import Hit, rule


@rule("PE204", "no-member", ast.Attribute,
      reason="The class is there, but without the method or attribute: AttributeError.",
      instead="memoryview(x)[:] = data for frombytes, bytes(x) for tobytes, a loop for bit_length.",
      bad="from array import array\nx = array('b')\nx.frombytes(b'a')",
      good="from array import array\nx = array('b')\nx.extend(b'a')")
def check(node: ast.Attribute, file: File) -> Iterable[Hit]:
    if node.attr.startswith("__") or not isinstance(node.ctx, ast.Load):
        return
    kind = file.dotted(node.value)
    if kind is None or not kind.startswith("builtins."):
        kind = file.type_of(node.value)
    names = file.members(kind) if kind and kind != NAMED_TUPLE else None
    if (kind and names is not None and "*" not in names and node.attr not in names
            and not is_guarded(node, file)):
        shown = "an open file" if kind == FILE else kind.removeprefix("builtins.")
        yield node, f"{shown} has no {node.attr!r} in MicroPython"
