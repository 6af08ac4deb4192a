# SPDX-License-Identifier: MIT
"""The one way to read the groups of a match."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule


@rule("PE221", "match-group", ast.Call, ast.Subscript,
      reason="group() of a match takes exactly one number, and a match has no elements: TypeError.",
      instead="group(0) for all that matched, one call for each group.",
      bad="import re\nx = re.match('a', 'a').group()",
      good="import re\nx = re.match('a', 'a').group(0)")
def check(node: ast.Call | ast.Subscript, file: File) -> Iterable[Hit]:
    if isinstance(node, ast.Subscript):
        if file.type_of(node.value) == "re.Match" and not is_guarded(node, file):
            yield node, "a match has no elements in MicroPython: group(n)"
    elif (isinstance(node.func, ast.Attribute) and node.func.attr == "group"
          and file.type_of(node.func.value) == "re.Match"
          and (len(node.args) != 1 or node.keywords) and not is_guarded(node, file)
          and not any(isinstance(argument, ast.Starred) for argument in node.args)):
        yield node, "group() takes one number in MicroPython"
