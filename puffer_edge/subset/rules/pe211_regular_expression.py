# SPDX-License-Identifier: MIT
"""Regular expressions that the small engine does not know."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.guards import is_guarded
from puffer_edge.subset.rule import Hit, rule

FUNCTIONS = {f"{module}.{name}" for module in ("re", "ure")
             for name in ("compile", "match", "search", "sub")}
PATTERN = re.compile(
    r"(?P<repetition>\{\d*,?\d*\})|(?P<group>\(\?(?:P|[=!<#iaLmsux]))|\\(?P<escape>.)|"
    r"\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.S)
UNKNOWN = set("bBAZntrfvaxuUN0123456789")
"""Letters and digits that mean themselves behind a backslash here: not \\d, \\s and \\w."""


@rule("PE211", "regular-expression", ast.Call,
      reason="The engine has no {n,m}, no named groups, no lookahead, no flags and no \\b: they "
             "match nothing, or ValueError.",
      instead="aa*, (...) by its number, and the characters themselves.",
      bad="import re\nx = re.match('[0-9]{4}', '2026')",
      good="import re\nx = re.match('[0-9][0-9][0-9][0-9]', '2026')")
def check(node: ast.Call, file: File) -> Iterable[Hit]:
    if not node.args or file.dotted(node.func) not in FUNCTIONS:
        return
    pattern = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
    if isinstance(pattern, bytes):
        pattern = pattern.decode("latin-1")
    if not isinstance(pattern, str) or is_guarded(node, file):
        return
    for match in PATTERN.finditer(pattern):
        if match["repetition"] and match["repetition"] not in ("{}", "{,}") and match.start():
            yield node, f"MicroPython's re does not count repetitions: {match['repetition']}"
        elif match["group"]:
            yield node, f"MicroPython's re has no {match['group']}...)"
        elif match["escape"] and match["escape"] in UNKNOWN:
            yield node, f"MicroPython's re takes \\{match['escape']} for {match['escape']!r}"
        else:
            continue
        return
