# SPDX-License-Identifier: MIT
"""What is known of one file: its names, their origins, and what comments declare."""

from __future__ import annotations

import ast
from functools import cached_property

from puffer_edge.subset.facts.clock import Clock
from puffer_edge.subset.facts.constants import is_constant, number
from puffer_edge.subset.facts.declarations import Declarations
from puffer_edge.subset.facts.names import Names
from puffer_edge.subset.facts.results import (
    MEMBERS,
    NAMED_TUPLE,
    RESULTS,
    VALUES,
    members,
    plain,
)
from puffer_edge.subset.facts.scopes import SCOPES, Bindings, Function, Tree
from puffer_edge.subset.facts.source import Comment, Source

CONSTRUCTED = {"int", "float", "str", "bytes", "bytearray", "memoryview", "list", "tuple", "dict",
               "set", "frozenset", "bool", "complex", "range"}
DISPLAYS: dict[type[ast.AST], str] = {
    ast.List: "list", ast.ListComp: "list", ast.Dict: "dict", ast.DictComp: "dict", ast.Set: "set",
    ast.SetComp: "set", ast.Tuple: "tuple", ast.JoinedStr: "str"}


class File:
    """A file, its scopes, and the firmware that it is for.

    Attributes:
        source: the file.
        names: of the firmware.
        port: of the firmware.
        local_modules: modules that come with the file.
        given_modules: modules that are anywhere among the files of the run.
        clock: ends the checking of a file that takes too long.
    """

    def __init__(self, source: Source, names: Names, port: str,
                 local_modules: frozenset[str], clock: Clock | None = None,
                 given_modules: frozenset[str] = frozenset()) -> None:
        self.source = source
        self.names = names
        self.port = port
        self.local_modules = local_modules
        self.given_modules = given_modules
        self.clock = clock or Clock()
        self._texts: dict[ast.AST, str] = {}

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

    @cached_property
    def names_characters(self) -> bool:
        """Whether there may be a character by its name in a string."""
        return "\\N{" in self.source.text

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
        origins = {self.origin(value) for value in found[1]}
        return origins.pop() if len(origins) == 1 else None

    def origin(self, value: ast.AST | None) -> str | None:
        """The dotted name that an alias of an import stands for."""
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
            return self._result(node.func, depth)
        if isinstance(node, ast.Attribute):
            return VALUES.get(plain(self.dotted(node) or ""))
        if isinstance(node, ast.Name) and depth:
            found = self.bound(node)
            if found is None:
                return None
            types = {self.type_of(value, depth - 1) if value is not None else None
                     for value in found[1]}
            return types.pop() if len(types) == 1 else None
        return None

    def _result(self, function: ast.expr, depth: int) -> str | None:
        """The class of what a function gives, or the class that it is."""
        called = plain(self.dotted(function) or "")
        if called.startswith("u") and self.names.scope(called[1:]):
            called = called[1:]
        if not called and isinstance(function, ast.Attribute):
            called = f"{self.type_of(function.value, depth)}.{function.attr}"
        if called.split(".")[0] in self.local_modules:
            return None
        if self.is_builtin(function, "open"):
            called = "builtins.open"
        if called in RESULTS:
            return RESULTS[called]
        if isinstance(function, ast.Name) and depth and self._is_named_tuple(function):
            return NAMED_TUPLE
        if called.startswith("builtins."):
            return called if called.count(".") == 1 else None
        return called if called in MEMBERS or self._is_class(called) else None

    def _is_named_tuple(self, name: ast.Name) -> bool:
        """Whether a name is bound to what namedtuple() makes."""
        found = self.bound(name)
        return found is not None and all(is_named_tuple(value, self) for value in found[1])

    def members(self, kind: str) -> frozenset[str] | None:
        """What a class has; a ``*`` among them means that there may be others."""
        known = None if kind.split(".")[0] in self.local_modules else members(kind, self.port)
        return self.names.scope(kind) if known is None else known | self.names.added(kind)

    def _is_class(self, dotted: str) -> bool:
        return "." in dotted and self.names.scope(dotted) is not None

    @cached_property
    def programs(self) -> set[ast.AST]:
        """What is in functions whose names are instructions: of a PIO, or of an assembler."""
        return {inner for node in self.tree.nodes if isinstance(node, ast.FunctionDef)
                and any(_is_assembler(decorator) for decorator in node.decorator_list)
                for statement in node.body for inner in ast.walk(statement)}

    def is_native(self, node: ast.AST) -> bool:
        """Whether a node is in a function with @micropython.native."""
        above: ast.AST | None = node
        while above is not None and not isinstance(above, ast.FunctionDef):
            above = self.parent(above)
        return above is not None and any(
            self.dotted(decorator) == "micropython.native" for decorator in above.decorator_list)

    def is_folded(self, node: ast.AST) -> bool:
        """Whether the compiler computes an expression, so that nothing is left for the device."""
        return isinstance(node, ast.expr) and is_constant(node, self.constants)

    @cached_property
    def constants(self) -> frozenset[str]:
        """Names that the module binds once, to const() of a number: the compiler replaces them."""
        found: set[str] = set()
        for name, values in self.tree.scopes[self.tree.module].values.items():
            value = values[0]
            if (len(values) == 1 and isinstance(value, ast.Call) and len(value.args) == 1
                    and isinstance(value.args[0], ast.expr) and is_constant(value.args[0], found)
                    and (self.dotted(value.func) == "micropython.const"
                         or self.is_builtin(value.func, "const"))):
                found.add(name)
        return frozenset(found)

    @cached_property
    def constant_values(self) -> dict[str, int]:
        """The integers among these constants."""
        found: dict[str, int] = {}
        bindings = self.tree.scopes[self.tree.module].values
        for name in bindings:  # in the order of the source
            call = bindings[name][0]
            if name in self.constants and isinstance(call, ast.Call):
                value = number(call.args[0], found)
                if value is not None:
                    found[name] = value
        return found

    def is_declared(self, node: ast.expr) -> bool:
        """Whether a range is declared for the text of an expression."""
        above = self.parent(node)
        while above is not None and not isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            above = self.parent(above)
        return self.text(node) in self.declarations.ranges(above)

    @cached_property
    def declarations(self) -> Declarations:
        """What comments declare."""
        return Declarations(self.tree, self.comments, self.source.path)

    def text(self, node: ast.AST) -> str:
        """An expression as text, in one spelling."""
        if node not in self._texts:
            self._texts[node] = ast.unparse(node)
        return self._texts[node]

    def is_generator(self, function: Function) -> bool:
        """Whether a function has a yield of its own."""
        return function in self._generators

    @cached_property
    def _generators(self) -> set[ast.AST]:
        found: set[ast.AST] = set()
        for node in self.tree.nodes:
            if isinstance(node, (ast.Yield, ast.YieldFrom)):
                above = self.parent(node)
                while above is not None and not isinstance(above, SCOPES):
                    above = self.parent(above)
                if above is not None:
                    found.add(above)
        return found

    def member(self, node: ast.ClassDef, name: str, depth: int = 6) -> Function | ast.expr | None:
        """A method of a class or its bases, or the one value that methods give an attribute."""
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and (
                    statement.name == name):
                return statement
        values = self._attributes.get((node, name), [])
        if values:
            return values[0] if len(values) == 1 else None
        for base in node.bases if depth else ():
            bound = self.bound(base) if isinstance(base, ast.Name) else None
            for value in bound[1] if bound else ():
                if isinstance(value, ast.ClassDef) and value is not node:
                    found = self.member(value, name, depth - 1)
                    if found is not None:
                        return found
        return None

    @cached_property
    def _attributes(self) -> dict[tuple[ast.ClassDef, str], list[ast.expr | None]]:
        """Values that are given to self.name in the methods of a class."""
        found: dict[tuple[ast.ClassDef, str], list[ast.expr | None]] = {}
        for node in self.tree.nodes:
            if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
                    and isinstance(node.ctx, ast.Store) and node.value.id == "self"):
                continue
            above = self.parent(node)
            value = above.value if isinstance(above, ast.Assign) and node in above.targets else None
            while above is not None and not isinstance(above, ast.ClassDef):
                above = self.parent(above)
            if above is not None:
                found.setdefault((above, node.attr), []).append(value)
        return found

    def grows(self, call: ast.Call) -> bool:
        """Whether a new array may grow after it was made."""
        parent = self.parent(call)
        names = {self.text(target) for target in parent.targets} if isinstance(
            parent, ast.Assign) else set()
        return bool(names & self._growing)

    @cached_property
    def _growing(self) -> set[str]:
        return {self.text(node.value) for node in self.tree.nodes
                if isinstance(node, ast.Attribute) and node.attr in ("append", "extend")}


def is_named_tuple(value: ast.AST | None, file: File) -> bool:
    """Whether an expression makes a class by namedtuple()."""
    return isinstance(value, ast.Call) and plain(
        file.dotted(value.func) or "") == "collections.namedtuple"


def _is_assembler(decorator: ast.expr) -> bool:
    """``@rp2.asm_pio(...)``, ``@micropython.asm_thumb`` and their like, however imported."""
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name.startswith("asm_")
