# SPDX-License-Identifier: MIT
"""Follows every marked function and all that they call, through all files."""

from __future__ import annotations

import ast

from puffer_edge.subset.analysis.flow import Flow
from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.analysis.values import UNKNOWN, Value
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.project import Project
from puffer_edge.subset.facts.scopes import Function

DEEPEST = 12
"""Calls inside of calls that are followed."""
MOST_ARGUMENTS = 24
"""Sets of arguments that a function is analysed with; more are joined to unknown ones."""


class Follower:
    """Analyses functions, and remembers what calls give back; is what ``Callees`` describes.

    Args:
        project: the files.

    Attributes:
        project: the files.
        hot: functions that must not allocate, with the names of those that call them.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.hot: dict[Function, str] = {}
        self._notes = {file: Analysis(file, project, self.hot) for file in project.files}
        self._results: dict[tuple[ast.AST, tuple[Value, ...], bool], Value] = {}
        self._seen: dict[ast.AST, int] = {}
        self._depth = 0
        self._statics: dict[tuple[ast.AST, str], Value] = {}

    def notes(self, file: File) -> Analysis:
        """Where what is known of a file is written down."""
        return self._notes[file]

    def analyse(self, file: File) -> None:
        """Analyses every marked function of a file and all that they call."""
        for function in file.declarations.marked:
            self.hot[function] = ""
            self.call(function, (), "")

    def call(self, function: Function, arguments: tuple[Value, ...], caller: str,
             cold: bool = False) -> Value:
        """What a function gives back for positional arguments; unknown where they are missing.

        A cold call is one that happens before: nothing of it has to be free of allocation.
        """
        if not cold:
            self.hot.setdefault(function, caller)
        key = (function, arguments, cold)
        if key in self._results:
            return self._results[key]
        if self._depth >= DEEPEST:
            return UNKNOWN
        self._seen[function] = self._seen.get(function, 0) + 1
        if self._seen[function] > MOST_ARGUMENTS:
            arguments = tuple(UNKNOWN for _ in arguments)
            key = (function, arguments, cold)
            if key in self._results:
                return self._results[key]
        self._results[key] = UNKNOWN  # while it is being worked out: a recursion
        self._depth += 1
        try:
            flow = Flow(self, self.project.home(function), function, arguments, cold)
            self._results[key] = flow.run()
        finally:
            self._depth -= 1
        return self._results[key]

    def static(self, file: File, scope: ast.AST, name: str) -> Value | None:
        """What a name of a scope is bound to for ever, as far as it can be told; memorised."""
        key = (scope, name)
        if key not in self._statics:
            self._statics[key] = UNKNOWN
            self._statics[key] = Flow(self, file, None, (), True).bound_value(scope, name)
        return self._statics[key]
