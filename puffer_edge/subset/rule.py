# SPDX-License-Identifier: MIT
"""A rule of the subset, and the register that the decorator fills."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

SEVERITIES = ("error", "warning", "info")
"""From the worst down."""
_WARNINGS = ("PE001", "PE3", "PE5")
_INFO = ("PE302", "PE303", "PE309")


def severity(code: str) -> str:
    """How bad findings of a code are: the program fails, means something else, or may do so."""
    return "info" if code in _INFO else "warning" if code.startswith(_WARNINGS) else "error"


Hit = tuple[ast.AST, str]
Check = Callable[[Any, Any], Iterable[Hit]]
"""Of a node and its ``File``; of a hot rule, of a node and the ``Analysis`` of its file."""


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        code: PE and three digits; the first digit is the kind.
        name: short, for lists and SARIF.
        reason: one line, why MicroPython makes this a problem.
        instead: the form to write instead.
        bad: source that the rule must report.
        good: source that it must not.
        nodes: classes of syntax nodes that ``check`` is called with.
        hot: looks only into functions that must not allocate.
        check: yields the node and the text of every finding.
    """

    code: str
    name: str
    reason: str
    instead: str
    bad: str
    good: str
    nodes: tuple[type[ast.AST], ...]
    hot: bool
    check: Check

    def explain(self) -> str:
        """The rule as documentation."""
        def block(source: str) -> str:
            return "\n".join(f"    {line}" for line in source.strip("\n").splitlines())

        return (f"{self.code} {self.name}\n\n{self.reason}\nInstead: {self.instead}\n\n"
                f"Reported:\n\n{block(self.bad)}\n\nNot reported:\n\n{block(self.good)}")


RULES: dict[str, Rule] = {}


def rule(code: str, name: str, *nodes: type[ast.AST], reason: str, instead: str, bad: str,
         good: str) -> Callable[[Check], Check]:
    """Registers a check; see :class:`Rule` for the arguments."""
    def register(check: Check) -> Check:
        if code in RULES:
            raise ValueError(f"{code} is taken")
        RULES[code] = Rule(code, name, reason, instead, bad, good, nodes, code[2] in "45", check)
        return check

    return register
