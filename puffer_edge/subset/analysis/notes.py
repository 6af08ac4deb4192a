# SPDX-License-Identifier: MIT
"""What the analysis has shown of one file, for the rules of allocation and ranges."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass, field

from puffer_edge.subset.analysis.values import UNKNOWN, Value
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.project import Project
from puffer_edge.subset.facts.scopes import Function


@dataclass
class Analysis:
    """What is known of the expressions of a file, over all ways that lead to them.

    Attributes:
        file: the file.
        project: the files that are analysed together.
        hot: functions of all of them that must not allocate.
        values: of expressions.
        reached: statements that can be reached.
        contradictions: expressions outside of their declared range: the value, the range.
        too_much: functions that are too complicated to be analysed.
    """

    file: File
    project: Project
    hot: Collection[Function]
    values: dict[ast.AST, Value] = field(default_factory=dict)
    reached: set[ast.stmt] = field(default_factory=set)
    contradictions: dict[ast.AST, tuple[Value, tuple[int, int]]] = field(default_factory=dict)
    too_much: set[Function | None] = field(default_factory=set)

    def value(self, node: ast.AST | None) -> Value:
        """What is known of an expression."""
        return self.values.get(node, UNKNOWN) if node is not None else UNKNOWN

    def followed(self, function: Function) -> bool:
        """Whether a function is one of those that must not allocate."""
        return function in self.hot

    def home(self, node: ast.AST) -> File:
        """The file that a function or class is in."""
        return self.project.home(node)
