# SPDX-License-Identifier: MIT
"""A number that runs into the next word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE112", "number-before-word", ast.Constant,
      reason="The tokenizer takes letters and points behind a number for parts of it: "
             "SyntaxError.",
      instead="a space, or parentheses around the number.",
      bad="x = 1if 1 else 2", good="x = 1 if 1 else 2")
def check(node: ast.Constant, file: File) -> Iterable[Hit]:
    if type(node.value) in (int, float, complex) and node.end_col_offset is not None:
        end = node.end_col_offset
        behind = file.line(node.end_lineno or 1).encode()[end:end + 3]
        if re.match(rb"[A-Za-z.]", behind):
            what = "a point" if behind[:1] == b"." else "a word"
            yield node, f"MicroPython needs a space between a number and {what}"
