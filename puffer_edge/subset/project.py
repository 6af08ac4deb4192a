"""The files of a run together: which function a name means, and what calls give back."""

from __future__ import annotations

import ast
from pathlib import PurePath
from typing import TYPE_CHECKING

from puffer_edge.subset.context import Context
from puffer_edge.subset.scopes import Function
from puffer_edge.subset.values import UNKNOWN, Value

if TYPE_CHECKING:
    from puffer_edge.subset.flow import Flow

DEEPEST = 12
"""Calls inside of calls that are followed."""
MOST_CONTEXTS = 24
"""Sets of arguments that a function is analysed with; more are joined to unknown ones."""


class Project:
    """Files that import one another.

    Args:
        contexts: the files.

    Attributes:
        hot: functions that must not allocate, with the names of those that call them.
    """

    def __init__(self, contexts: list[Context]) -> None:
        self._modules: dict[str, dict[PurePath, Context]] = {}
        self._homes: dict[ast.AST, Context] = {}
        for context in contexts:
            path = PurePath(context.source.path)
            name = path.parent.name if path.stem == "__init__" else path.stem
            folder = path.parent.parent if path.stem == "__init__" else path.parent
            self._modules.setdefault(name, {}).setdefault(folder, context)
            context.project = self
        self.contexts = contexts
        self.hot: dict[Function, tuple[Context, str]] = {}
        self._results: dict[tuple[ast.AST, tuple[Value, ...], bool], Value] = {}
        self._seen: dict[ast.AST, int] = {}
        self._depth = 0
        self._statics: dict[tuple[ast.AST, str], Value] = {}

    def module(self, name: str, context: Context) -> Context | None:
        """The file of a module that another file imports, if it is among those given.

        Of several of that name it is the one beside the other file, or else the first.
        """
        found = self._modules.get(name.rpartition(".")[2], {})
        beside = found.get(PurePath(context.source.path).parent)
        return beside or next(iter(found.values()), None)

    def home(self, node: ast.AST, context: Context) -> Context:
        """The file that a function or class was found in."""
        return self._homes.get(node, context)

    def found(self, node: ast.AST, context: Context) -> None:
        """Notes the file of a function or class."""
        self._homes.setdefault(node, context)

    def analyse(self, context: Context) -> None:
        """Analyses every marked function of a file and all that they call."""
        for function in context.declarations.marked:
            self.found(function, context)
            self.hot[function] = (context, "")
            self.call(function, context, (), "")

    def call(self, function: Function, context: Context, arguments: tuple[Value, ...],
             caller: str, cold: bool = False) -> Value:
        """What a function gives back for positional arguments; unknown where they are missing.

        A cold call is one that happens before: nothing of it has to be free of allocation.
        """
        from puffer_edge.subset.flow import Flow

        if not cold:
            self.hot.setdefault(function, (context, caller))
        key = (function, arguments, cold)
        if key in self._results:
            return self._results[key]
        if self._depth >= DEEPEST:
            return UNKNOWN
        self._seen[function] = self._seen.get(function, 0) + 1
        if self._seen[function] > MOST_CONTEXTS:
            arguments = tuple(UNKNOWN for _ in arguments)
            key = (function, arguments, cold)
            if key in self._results:
                return self._results[key]
        self._results[key] = UNKNOWN  # while it is being worked out: a recursion
        self._depth += 1
        try:
            flow: Flow = Flow(context, function, arguments, cold)
            self._results[key] = flow.run()
        finally:
            self._depth -= 1
        return self._results[key]

    def static(self, context: Context, scope: ast.AST, name: str) -> Value | None:
        """What a name of a scope is bound to for ever, as far as it can be told; memorised."""
        from puffer_edge.subset.flow import Flow

        key = (scope, name)
        if key not in self._statics:
            self._statics[key] = UNKNOWN
            self._statics[key] = Flow(context, None, (), True).bound_value(scope, name)
        return self._statics[key]
