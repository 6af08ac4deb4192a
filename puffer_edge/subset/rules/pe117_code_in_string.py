# SPDX-License-Identifier: MIT
"""Code in strings that eval() and exec() get."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.rule import Hit, rule


@rule("PE117", "code-in-string", ast.Call,
      reason="The string is read by MicroPython's parser: letters behind a number belong to it, "
             "and underscores may be anywhere in it.",
      instead="a space between a number and a word.",
      bad="x = eval('1if 1 else 2')", good="x = eval('1 if 1 else 2')")
def check(node: ast.Call, file: File) -> Iterable[Hit]:
    if not file.is_builtin(node.func, "eval", "exec", "compile") or not node.args:
        return
    code = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
    if not isinstance(code, str):
        return
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "''", code)
    number = r"(?<![\w.])(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*)"
    if re.search(number + r"(?<!_)(?=(?:and|or|if|else|in|is|for|not)\b)", bare) or re.search(
            r"0[xX][\da-fA-F_]+\.[a-zA-Z]", bare):
        yield node, "MicroPython needs a space between a number and a word"
    elif re.search(r"(?<!\w)\d[\d_]*(?:__\d|_(?!\w))", bare):
        yield node, "CPython refuses the underscores of the number"
