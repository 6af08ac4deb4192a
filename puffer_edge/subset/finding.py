# SPDX-License-Identifier: MIT
"""What a rule found, and where."""

from __future__ import annotations

from dataclasses import dataclass

from puffer_edge.subset.rule import severity


@dataclass(frozen=True, order=True)
class Finding:
    """One place that breaks a rule.

    Attributes:
        path: the file, as the user named it.
        line: from 1.
        column: from 1, in characters.
        code: of the rule, as in PE401.
        text: what is wrong, one line.
        last: the last line of the code in question, for comments behind it.
    """

    path: str
    line: int
    column: int
    code: str
    text: str
    last: int = 0

    @property
    def severity(self) -> str:
        """error, warning or info."""
        return severity(self.code)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.code} {self.text}"
