# SPDX-License-Identifier: MIT
"""Functions of MicroPython that allocate."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.analysis.natives import ALLOCATING, GROWING
from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.rule import Hit, rule


@rule("PE417", "allocating-call", ast.Call,
      reason="The result, or what the container needs to grow, comes from the heap.",
      instead="the form that writes into a buffer: struct.pack_into, readinto.",
      bad="import struct\n# puffer-edge: no-alloc\ndef step(b):\n"
          "    return struct.unpack_from('<h', b, 0)",
      good="import struct\n# puffer-edge: no-alloc\ndef step(b):\n"
           "    struct.pack_into('<h', b, 0, 3)")
def check(node: ast.Call, analysis: Analysis) -> Iterable[Hit]:
    called = analysis.value(node.func)
    name = called.name.removeprefix("builtins.")
    if called.kind == "native" and name in ALLOCATING:
        yield node, f"{name}() makes an object"
    elif called.kind == "native" and name == "sum" and node.args and (
            analysis.value(node.args[0]).any_element().kind == "float"):
        yield node, "the sum of floats makes objects"
    elif called.kind == "method" and (
            name in GROWING or name.partition(".")[0] in ("str", "bytes", "list", "dict", "set",
                                                          "bytearray", "array", "memoryview")):
        from puffer_edge.subset.analysis.natives import METHODS
        if name not in METHODS and name not in ("dict.items", "dict.keys", "dict.values"):
            yield node, f"{name}() makes an object, or makes the container grow"
