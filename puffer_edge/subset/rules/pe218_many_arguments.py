# SPDX-License-Identifier: MIT
"""A star behind many arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule

MOST = 30
"""Places in a small integer of a 32-bit board, which tells where the stars are."""


@rule("PE218", "many-arguments", ast.Call,
      reason="Stars are noted in the bits of a small integer: SyntaxError from place 31 on.",
      instead="one sequence of all.",
      bad="def f(*a):\n    pass\nf(" + ", ".join("0" * 31) + ", *[1])",
      good="def f(*a):\n    pass\nf(*[1])")
def check(node: ast.Call, file: File) -> Iterable[Hit]:
    for place, argument in enumerate(node.args):
        if place >= MOST and isinstance(argument, ast.Starred):
            yield argument, f"MicroPython takes no * behind {place} arguments"
            return
