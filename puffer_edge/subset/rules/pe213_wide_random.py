# SPDX-License-Identifier: MIT
"""Random numbers of more than 32 bits."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.constants import number
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule


@rule("PE213", "wide-random", ast.Call,
      reason="getrandbits() makes at most 32 bits, and the bounds of randint() and randrange() are "
             "machine words: ValueError, OverflowError.",
      instead="getrandbits(32) << 32 | getrandbits(32).",
      bad="import random\nx = random.getrandbits(64)",
      good="import random\nx = random.getrandbits(32)")
def check(node: ast.Call, file: File) -> Iterable[Hit]:
    called = (file.dotted(node.func) or "").removeprefix("u")
    if called not in ("random.getrandbits", "random.randint", "random.randrange"):
        return
    for argument in node.args:
        value = number(argument, file.constant_values)
        if value is None or is_guarded(node, file):
            continue
        if called == "random.getrandbits" and value > 32:
            yield node, f"MicroPython's getrandbits() makes 32 bits at most, not {value}"
        elif called != "random.getrandbits" and not -2**31 <= value < 2**31:
            yield node, f"{called}() takes no bound above 2**31 - 1 on 32-bit boards"
            return
