"""What a rule may ask about the file that it looks at."""

from __future__ import annotations

import ast
from functools import cached_property

from puffer_edge.subset.guards import is_guarded
from puffer_edge.subset.names import Names
from puffer_edge.subset.scopes import Bindings, Tree
from puffer_edge.subset.source import Comment, Source

CONSTRUCTED = {"int", "float", "str", "bytes", "bytearray", "memoryview", "list", "tuple", "dict",
               "set", "frozenset", "bool", "complex", "range"}
DISPLAYS: dict[type[ast.AST], str] = {
    ast.List: "list", ast.ListComp: "list", ast.Dict: "dict", ast.DictComp: "dict", ast.Set: "set",
    ast.SetComp: "set", ast.Tuple: "tuple", ast.JoinedStr: "str"}


class Context:
    """A file, its scopes, and the firmware that it is for.

    Attributes:
        source: the file.
        names: of the firmware.
        port: of the firmware.
        local_modules: modules that come with the file.
    """

    def __init__(self, source: Source, names: Names, port: str,
                 local_modules: frozenset[str]) -> None:
        self.source = source
        self.names = names
        self.port = port
        self.local_modules = local_modules

    @cached_property
    def tree(self) -> Tree:
        """The syntax tree with parents and scopes."""
        return Tree(self.source.tree)

    @cached_property
    def comments(self) -> list[Comment]:
        """Comments of our kind."""
        return self.source.comments()

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node that a node is a part of."""
        return self.tree.parents.get(node)

    def line(self, number: int) -> str:
        """A line of the source, from 1."""
        return self._lines[number - 1] if number <= len(self._lines) else ""

    @cached_property
    def _lines(self) -> list[str]:
        return self.source.text.removeprefix("\ufeff").split("\n")

    def in_annotation(self, node: ast.AST) -> bool:
        """Whether a node is part of an annotation, which is never evaluated."""
        child, parent = node, self.parent(node)
        while isinstance(parent, ast.expr):
            child, parent = parent, self.parent(parent)
        return child is getattr(parent, "annotation", None) or child is getattr(
            parent, "returns", None)

    def bound(self, name: ast.Name) -> tuple[Bindings, list[ast.AST | None]] | None:
        """Everything that a name can be bound to; None for built-in names."""
        scope = self.tree.scope_of(name).find(name.id)
        return None if scope is None else (scope, scope.values[name.id])

    def is_builtin(self, node: ast.AST | None, *names: str) -> bool:
        """Whether an expression is a built-in name that the file does not bind."""
        return (isinstance(node, ast.Name) and (not names or node.id in names)
                and not self.tree.stars and self.bound(node) is None)

    def guarded(self, node: ast.AST) -> bool:
        """Whether the code runs only where the firmware has what it needs."""
        return is_guarded(node, self)

    def dotted(self, node: ast.AST | None) -> str | None:
        """What an expression is imported from: ``time.sleep``, ``machine.Pin``; None otherwise."""
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return f"{base}.{node.attr}" if base else None
        if not isinstance(node, ast.Name):
            return None
        found = self.bound(node)
        if found is None:
            return f"builtins.{node.id}" if node.id in CONSTRUCTED and not self.tree.stars else None
        origins = {self._origin(value) for value in found[1]}
        return origins.pop() if len(origins) == 1 else None

    def _origin(self, value: ast.AST | None) -> str | None:
        if not isinstance(value, ast.alias):
            return None
        statement = self.parent(value)
        if isinstance(statement, ast.ImportFrom):
            if statement.level or not statement.module:
                return None
            return f"{statement.module}.{value.name}"
        return value.name if value.asname else value.name.split(".")[0]

    def type_of(self, node: ast.AST | None, depth: int = 4) -> str | None:
        """The class of an expression where it is certain, as in ``builtins.str``."""
        if isinstance(node, ast.Constant):
            return None if node.value in (None, ...) else f"builtins.{type(node.value).__name__}"
        if node is not None and type(node) in DISPLAYS:
            return f"builtins.{DISPLAYS[type(node)]}"
        if isinstance(node, ast.Call):
            called = self.dotted(node.func)
            if called and called.startswith("u") and self.names.scope(called[1:]):
                called = called[1:]
            return called if called and (called.startswith("builtins.")
                                         or self._is_class(called)) else None
        if isinstance(node, ast.Name) and depth:
            found = self.bound(node)
            if found is None:
                return None
            types = {self.type_of(value, depth - 1) if value is not None else None
                     for value in found[1]}
            return types.pop() if len(types) == 1 else None
        return None

    def _is_class(self, dotted: str) -> bool:
        return "." in dotted and self.names.scope(dotted) is not None
