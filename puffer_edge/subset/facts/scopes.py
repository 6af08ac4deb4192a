# SPDX-License-Identifier: MIT
"""Who binds which name: the scopes of a file, and what their names are bound to."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
SCOPES = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
NAMING = (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Bindings:
    """The names of one scope.

    Attributes:
        node: the scope's node.
        outer: the scope around it.
        values: of each name, everything that it is bound to: an expression, a definition, an alias
            of an import, or None where that is not known.
        elsewhere: names that are declared global or nonlocal here.
    """

    node: Scope
    outer: Bindings | None
    values: dict[str, list[ast.AST | None]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)

    def bind(self, name: str, value: ast.AST | None) -> None:
        """Notes one more binding."""
        target = self
        if name in self.elsewhere:
            target = self.outer or self
        target.values.setdefault(name, []).append(value)

    def find(self, name: str) -> Bindings | None:
        """The scope that a name read here belongs to; None for built-in names."""
        scope: Bindings | None = self
        while scope is not None:
            if name in scope.values and (scope is self or not isinstance(scope.node, ast.ClassDef)):
                return scope
            scope = scope.outer
        return None


def children(node: ast.AST) -> list[ast.AST]:
    """The parts of a node, without operators and contexts; quicker than the library's."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)
                      and not isinstance(item, ast.cmpop)]
        elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
            found.append(value)
    return found


def _outside(child: ast.AST, definition: ast.AST) -> bool:
    """Whether a part of a definition is evaluated around it."""
    if isinstance(definition, ast.Lambda):
        return child is definition.args
    if not isinstance(definition, DEFINITIONS):
        return False
    if isinstance(definition, ast.ClassDef):
        return child not in definition.body
    return (child is definition.args or child is definition.returns
            or child in definition.decorator_list)


_LEAVES = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop)


class Tree:
    """A syntax tree with parents and scopes, made in one pass.

    Attributes:
        nodes: every node, outer before inner, in the order of the source.
        parents: by node.
        scopes: by the node of the scope.
        stars: there is a ``from module import *``.
    """

    def __init__(self, module: ast.Module) -> None:
        self.module = module
        self.nodes: list[ast.AST] = []
        self.parents: dict[ast.AST, ast.AST] = {}
        self.scopes: dict[ast.AST, Bindings] = {module: Bindings(module, None)}
        self.stars = False
        self._walk()

    def scope_of(self, node: ast.AST) -> Bindings:
        """The scope that a node is in (of a function: the one that it is defined in).

        Decorators, defaults, annotations and bases belong to the scope around a definition.
        """
        child, above = node, self.parents.get(node)
        while above is not None and (above not in self.scopes or _outside(child, above)):
            child, above = above, self.parents.get(above)
        return self.scopes[above or self.module]

    def _walk(self) -> None:
        stack: list[tuple[ast.AST, Bindings]] = [(self.module, self.scopes[self.module])]
        later: list[tuple[Bindings, str, ast.AST | None]] = []
        while stack:
            node, scope = stack.pop()
            self.nodes.append(node)
            inner = scope
            if isinstance(node, SCOPES) and node is not self.module:
                inner = self.scopes[node] = Bindings(node, scope)
            self._bindings(node, scope, inner, later)
            outside = (*node.decorator_list, getattr(node, "returns", None)) if isinstance(
                node, DEFINITIONS) else ()
            for child in reversed(children(node)):
                self.parents[child] = node
                stack.append((child, scope if child in outside else inner))
        for scope, name, value in later:
            scope.bind(name, value)

    def _bindings(self, node: ast.AST, scope: Bindings, inner: Bindings,
                  later: list[tuple[Bindings, str, ast.AST | None]]) -> None:
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                later.append((scope, node.id, self._value(node)))
        elif isinstance(node, DEFINITIONS):
            later.append((scope, node.name, node))
        elif isinstance(node, ast.arg):
            later.append((inner, node.arg, None))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                self.stars |= alias.name == "*"
                name = alias.asname or alias.name.split(".")[0]
                later.append((scope, name, alias))
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            scope.elsewhere.update(node.names)
        elif isinstance(node, NAMING) and node.name:
            later.append((scope, node.name, None))

    def _value(self, name: ast.Name) -> ast.AST | None:
        parent = self.parents.get(name)
        if isinstance(parent, ast.Assign) and name in parent.targets:
            return parent.value
        if isinstance(parent, ast.AnnAssign | ast.NamedExpr) and parent.target is name:
            return parent.value
        if isinstance(parent, ast.withitem):
            made = parent.context_expr  # a file enters itself
            return made if isinstance(made, ast.Call) and isinstance(
                made.func, ast.Name) and made.func.id == "open" else None
        if isinstance(parent, ast.Tuple) and not any(
                isinstance(element, ast.Starred) for element in parent.elts):
            above = self.parents.get(parent)
            if isinstance(above, ast.Assign) and parent in above.targets:
                return ast.Subscript(above.value, ast.Constant(parent.elts.index(name)), ast.Load())
        return None
