# SPDX-License-Identifier: MIT
"""Formats of struct."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule

FUNCTIONS = {f"{module}.{name}" for module in ("struct", "ustruct")
             for name in ("pack", "pack_into", "unpack", "unpack_from", "calcsize")}
FIRST = {"pack": 1, "pack_into": 3}
"""The place of the first value."""
CODES = set("bBhHiIlLqQefdsxPOS")


@rule("PE212", "struct-format", ast.Call,
      reason="struct knows fewer formats and no spaces: ValueError; of too few values it fills up "
             "with zeros, of too many it drops some.",
      instead="B for ? and c, s for p, i or q for n, and as many values as the format has.",
      bad="import struct\nx = struct.pack('b b', 1, 2)",
      good="import struct\nx = struct.pack('bb', 1, 2)")
def check(node: ast.Call, file: File) -> Iterable[Hit]:
    called = file.dotted(node.func)
    text = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    if called not in FUNCTIONS or not isinstance(text, str | bytes):
        return
    layout = text.decode("latin-1") if isinstance(text, bytes) else text
    items = re.findall(r"(\d*)(.)", layout.lstrip("@=<>!"), re.S)
    wrong = [code for _, code in items if code not in CODES]
    if wrong:
        yield node, f"MicroPython's struct has no format {wrong[0]!r}"
    first = FIRST.get(called.partition(".")[2])
    if wrong or first is None or node.keywords or any(
            isinstance(argument, ast.Starred) for argument in node.args):
        return
    needed = sum(0 if code == "x" else 1 if code == "s" else int(count or 1)
                 for count, code in items)
    given = len(node.args) - first
    if given >= 0 and given != needed:
        yield node, (f"the format is for {needed} values, these are {given}: "
                     "MicroPython raises nothing")
