# SPDX-License-Identifier: MIT
"""What the analysis of one function asks about everything around it."""

from __future__ import annotations

import ast
from typing import Protocol

from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.analysis.values import Value
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.project import Project
from puffer_edge.subset.facts.scopes import Function


class Callees(Protocol):
    """Other functions and names, in the files that are analysed together."""

    project: Project

    def notes(self, file: File) -> Analysis:
        """Where what is known of a file is written down."""

    def call(self, function: Function, arguments: tuple[Value, ...], caller: str,
             cold: bool = False) -> Value:
        """What a function gives back for positional arguments; unknown where they are missing.

        A cold call is one that happens before: nothing of it has to be free of allocation.
        """

    def static(self, file: File, scope: ast.AST, name: str) -> Value | None:
        """What a name of a scope is bound to for ever, as far as it can be told."""
