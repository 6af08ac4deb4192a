# SPDX-License-Identifier: MIT
"""A byte-order mark at the beginning of a file."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE113", "byte-order-mark", ast.Module,
      reason="The tokenizer takes the mark for a letter of the first word: SyntaxError, mostly.",
      instead="save the file as UTF-8 without one.",
      bad="\ufeffx = 1", good="x = 1")
def check(node: ast.Module, file: File) -> Iterable[Hit]:
    if file.source.text.startswith("\ufeff"):
        yield node, "MicroPython cannot read a byte-order mark"
