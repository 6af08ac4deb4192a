# SPDX-License-Identifier: MIT
"""Expressions of the analysis: what they are."""

from __future__ import annotations

import ast
import math

from puffer_edge.subset.analysis import natives
from puffer_edge.subset.analysis.arithmetic import binary, inverted, negated
from puffer_edge.subset.analysis.callees import Callees
from puffer_edge.subset.analysis.conditions import Conditions, State
from puffer_edge.subset.analysis.native_calls import CONSTRUCTORS, native_call, plain
from puffer_edge.subset.analysis.values import (
    BOOL,
    FLOAT,
    LONGEST,
    NONE,
    SMALL_HIGH,
    STRING,
    UNKNOWN,
    Number,
    Value,
    integer,
    union,
)
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.scopes import Bindings, Function

MOST_ITEMS = 4096


class Evaluator(Conditions):
    """Evaluates expressions of one function.

    Args:
        callees: everything around the function.
        file: its file.
        function: the function; None to look up names only.
        cold: nothing is noted.
    """

    def __init__(self, callees: Callees, file: File, function: Function | None,
                 cold: bool = True) -> None:
        self.callees = callees
        self.notes = callees.notes(file)
        self.file = file
        self.function = function
        self.cold = cold
        self._scope: Bindings = file.tree.scopes[function or file.tree.module]
        self._ranges = file.declarations.ranges(function)

    def owner(self) -> ast.ClassDef | None:
        """The class that the function is a method of."""
        above = self.file.parent(self.function) if self.function else None
        return above if isinstance(above, ast.ClassDef) else None

    def is_generator(self) -> bool:
        """Whether the function has a yield of its own."""
        return self.function is not None and self.file.is_generator(self.function)

    def note(self, node: ast.AST, value: Value) -> None:
        """Joins a value with what is known about a node."""
        if not self.quiet and not self.cold:
            old = self.notes.values.get(node)
            self.notes.values[node] = value if old is None else old.join(value)

    def declared(self, node: ast.AST, value: Value, suffix: str = "") -> Value:
        """The value inside of the range that is declared for the text of a node."""
        if self._ranges:
            bounds = self._ranges.get(self.file.text(node) + suffix)
            if bounds is not None:
                clipped = value.clipped(*bounds)
                if clipped.is_int and clipped.low > clipped.high:
                    if not self.quiet and not self.cold:
                        self.notes.contradictions[node] = (value, bounds)
                    return integer(*bounds)
                return clipped
        return value

    def evaluate(self, node: ast.expr, state: State) -> Value:
        """What an expression is."""
        self.file.clock.tick()
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        value: Value = method(node, state) if method else self._others(node, state)
        value = self.declared(node, value)
        self.note(node, value)
        return value

    def _others(self, node: ast.AST, state: State) -> Value:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.evaluate(child, state)
        return UNKNOWN

    def _constant(self, node: ast.Constant, state: State) -> Value:
        value = node.value
        if isinstance(value, int):
            return integer(int(value), int(value))
        if isinstance(value, str | bytes):
            return Value(type(value).__name__, length=(len(value), len(value)))
        return FLOAT if isinstance(value, float) else NONE if value is None else UNKNOWN

    def _name(self, node: ast.Name, state: State) -> Value:
        if node.id in state:
            return state[node.id]
        found = self._scope.find(node.id)
        if found is None:
            known = node.id in natives.BUILTINS and not self.file.tree.stars
            return Value("native", name=f"builtins.{node.id}") if known else UNKNOWN
        if found.node is self.function:
            return UNKNOWN
        return self.callees.static(self.file, found.node, node.id) or UNKNOWN

    def bound_value(self, scope: ast.AST, name: str) -> Value:
        """What a name of an outer scope can be, over all its bindings."""
        values = []
        for bound in self.file.tree.scopes[scope].values[name]:
            if isinstance(bound, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                values.append(Value("class" if isinstance(bound, ast.ClassDef) else "function",
                                    node=bound))
            elif isinstance(bound, ast.alias):
                values.append(self._imported(bound))
            elif isinstance(bound, ast.expr):
                inner = Evaluator(self.callees, self.file, scope if isinstance(
                    scope, ast.FunctionDef | ast.AsyncFunctionDef) else None)
                values.append(inner.declared(ast.Name(name), inner.evaluate(bound, {})))
            else:
                values.append(self._declared_in(scope, name))
        return union(tuple(values)) if values else UNKNOWN

    def _declared_in(self, scope: ast.AST, name: str) -> Value:
        bounds = self.file.declarations.ranges(scope).get(name)
        return integer(*bounds) if bounds else UNKNOWN

    def _imported(self, alias: ast.alias) -> Value:
        dotted = self.file.origin(alias)
        if dotted is None:
            statement = self.file.parent(alias)
            if not (isinstance(statement, ast.ImportFrom) and statement.level):
                return UNKNOWN
            dotted = f"{statement.module}.{alias.name}" if statement.module else alias.name
        module, _, name = dotted.rpartition(".")
        inside = self.callees.project.module(module, self.file) if module else None
        if inside is not None and name in inside.tree.scopes[inside.tree.module].values:
            return self.callees.static(inside, inside.tree.module, name) or UNKNOWN
        other = self.callees.project.module(dotted, self.file)
        if other is not None and other is not self.file:
            return Value("module", name=dotted, node=other)
        if self.file.names.scope(dotted) is not None and "." not in dotted:
            return Value("module", name=dotted)
        return Value("native", name=plain(dotted))

    def _binop(self, node: ast.BinOp, state: State) -> Value:
        return self.operate(node.op, self.evaluate(node.left, state),
                            self.evaluate(node.right, state))

    def operate(self, operator: ast.operator, left: Value, right: Value) -> Value:
        """A binary operation."""
        return binary(operator, left, right)

    def minus(self, value: Value) -> Value:
        """The negative of a value."""
        return negated(value)

    def _unaryop(self, node: ast.UnaryOp, state: State) -> Value:
        value = self.evaluate(node.operand, state)
        if isinstance(node.op, ast.Not):
            return BOOL
        if isinstance(node.op, ast.USub):
            return negated(value)
        return inverted(value) if isinstance(node.op, ast.Invert) else value

    def _compare(self, node: ast.Compare, state: State) -> Value:
        self._others(node, state)
        return BOOL

    def _boolop(self, node: ast.BoolOp, state: State) -> Value:
        values = []
        inner: State | None = state
        for value in node.values:
            if inner is None:
                break
            values.append(self.evaluate(value, inner))
            inner = self.assume(value, inner, isinstance(node.op, ast.And))
        return union(tuple(values))

    def _ifexp(self, node: ast.IfExp, state: State) -> Value:
        self.evaluate(node.test, state)
        values = []
        for branch, truth in ((node.body, True), (node.orelse, False)):
            inner = self.assume(node.test, state, truth)
            # A branch that is never taken is looked at, too: its numbers are known all the same.
            value = self.evaluate(branch, dict(state) if inner is None else inner)
            if inner is not None:
                values.append(value)
        return union(tuple(values)) if values else UNKNOWN

    def _namedexpr(self, node: ast.NamedExpr, state: State) -> Value:
        value = self.evaluate(node.value, state)
        state[node.target.id] = value
        return value

    def _joinedstr(self, node: ast.JoinedStr, state: State) -> Value:
        self._others(node, state)
        return STRING

    def _tuple(self, node: ast.Tuple, state: State) -> Value:
        items = tuple(self.evaluate(element, state) for element in node.elts)
        size = len(items)
        if any(isinstance(element, ast.Starred) for element in node.elts):
            return Value("tuple")
        return Value("tuple", items=items, length=(size, size))

    def _list(self, node: ast.List, state: State) -> Value:
        items = tuple(self.evaluate(element, state) for element in node.elts)
        return Value("list", items=items[:MOST_ITEMS], length=(len(items), len(items)))

    def _dict(self, node: ast.Dict, state: State) -> Value:
        self._others(node, state)
        return Value("dict")

    def _set(self, node: ast.Set, state: State) -> Value:
        self._others(node, state)
        return Value("set")

    def _listcomp(self, node: ast.ListComp, state: State) -> Value:
        return self._comprehension(node, state, "list")

    def _generatorexp(self, node: ast.GeneratorExp, state: State) -> Value:
        return self._comprehension(node, state, "generator")

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp, state: State,
                       kind: str) -> Value:
        """A comprehension over a range of known numbers is computed; others are not."""
        first = node.generators[0]
        over = self.evaluate(first.iter, state)
        start, stop, step = (part.exact() for part in over.items or ()) if (
            over.kind == "range" and over.items) else (None, None, None)
        if (len(node.generators) > 1 or first.ifs or start is None or stop is None or not step
                or not isinstance(first.target, ast.Name)
                or len(range(start, stop, step)) > MOST_ITEMS):
            return Value(kind)
        self.quiet += 1
        items = tuple(self.evaluate(node.elt, {**state, first.target.id: integer(i, i)})
                      for i in range(start, stop, step))
        self.quiet -= 1
        return Value(kind, items=items, length=(len(items), len(items)))

    def _lambda(self, node: ast.Lambda, state: State) -> Value:
        return Value("lambda")

    def _attribute(self, node: ast.Attribute, state: State) -> Value:
        base = self.evaluate(node.value, state)
        if base.kind == "module":
            if isinstance(base.node, File):
                return self._in_module(base.node, node.attr)
            return Value("native", name=f"{plain(base.name)}.{node.attr}")
        if base.kind == "native":
            return Value("native", name=f"{base.name.removeprefix('builtins.')}.{node.attr}")
        if base.kind in ("instance", "class") and isinstance(base.node, ast.ClassDef):
            return self._member(node, base)
        if base.kind in ("instance", "array", "memoryview", "generator") or (
                base.kind in CONSTRUCTORS):
            name = base.name or {"array": "array.array"}.get(base.kind, base.kind)
            return Value("method", name=f"{name.replace('array.array', 'array')}.{node.attr}")
        return Value("attribute", name=node.attr)

    def _in_module(self, other: File, name: str) -> Value:
        """A name of another file."""
        module = other.tree.module
        if name not in other.tree.scopes[module].values:
            return UNKNOWN
        return self.callees.static(other, module, name) or UNKNOWN

    def _member(self, node: ast.Attribute, base: Value) -> Value:
        assert isinstance(base.node, ast.ClassDef)
        file = self.callees.project.home(base.node)
        found = file.member(base.node, node.attr)
        if found is None:
            return self._inherited(node, base, file)
        if isinstance(found, ast.expr):
            scope = file.tree.scope_of(found).node
            inner = Evaluator(self.callees, file, scope if isinstance(
                scope, ast.FunctionDef | ast.AsyncFunctionDef) else None)
            return inner.evaluate(found, {})
        decorators = {getattr(d, "id", getattr(d, "attr", "")) for d in found.decorator_list}
        if "property" in decorators:
            if isinstance(node.ctx, ast.Load) and base.kind == "instance":
                return self.call_function(found, (base,))
            return UNKNOWN
        plain = base.kind == "class" or "staticmethod" in decorators
        return Value("function" if plain else "bound", node=found)

    def _inherited(self, node: ast.Attribute, base: Value, file: File) -> Value:
        """A member from a base in another file, as of ``class Policy(runtime.Policy)``."""
        assert isinstance(base.node, ast.ClassDef)
        module = Evaluator(self.callees, file, None)
        for expression in base.node.bases:
            above = module.evaluate(expression, {})
            if (above.kind == "class" and isinstance(above.node, ast.ClassDef)
                    and self.callees.project.home(above.node) is not file):
                found = self._member(node, Value(base.kind, node=above.node))
                if found != UNKNOWN:
                    return found
        return UNKNOWN

    def _subscript(self, node: ast.Subscript, state: State) -> Value:
        base = self.evaluate(node.value, state)
        if isinstance(node.slice, ast.Slice):
            self._others(node.slice, state)
            return Value(base.kind, code=base.code, element=base.element) if (
                base.kind in CONSTRUCTORS | {"array"}) else Value("slice")
        index = self.evaluate(node.slice, state)
        value = UNKNOWN if base.kind in ("list", "dict") else base.any_element()
        if base.kind == "tuple" and base.items is not None and index.bounded and index.low >= 0:
            chosen = base.items[int(index.low):int(index.high) + 1]
            value = union(chosen) if chosen else UNKNOWN
        return self.declared(node.value, value, "[...]")

    def _call(self, node: ast.Call, state: State) -> Value:
        called = self.evaluate(node.func, state)
        self.note(node.func, called)
        plain = not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args)
        arguments = tuple(self.evaluate(argument, state) for argument in node.args)
        for keyword in node.keywords:
            self.evaluate(keyword.value, state)
        if called.kind == "function" and isinstance(
                called.node, ast.FunctionDef | ast.AsyncFunctionDef):
            return self.call_function(called.node, arguments if plain else ())
        if called.kind == "bound" and isinstance(
                called.node, ast.FunctionDef | ast.AsyncFunctionDef):
            home = self.callees.project.home(called.node)
            owner = Value("instance", node=home.parent(called.node))
            return self.call_function(called.node, (owner, *arguments) if plain else (owner,))
        if called.kind == "class":
            return Value("instance", node=called.node)
        if called.kind == "native":
            return native_call(called.name, arguments, node, self.file)
        if called.kind == "instance" and called.name:
            return natives.result(f"{called.name}.__call__")
        return natives.result(called.name) if called.kind == "method" else UNKNOWN

    def call_function(self, function: Function, arguments: tuple[Value, ...]) -> Value:
        """What a call of a function of the files gives back; it is analysed, too."""
        caller = self.function.name if self.function is not None else ""
        return self.callees.call(function, arguments, caller, self.cold)


    def iteration(self, node: ast.expr, iterable: Value, state: State) -> tuple[Value, Number]:
        """What a loop over an iterable gives, and how often it can run."""
        if iterable.kind == "range" and iterable.items:
            start, stop, step = iterable.items
            if not (start.is_int and stop.is_int and step.is_int) or step.low <= 0 <= step.high:
                return integer(-SMALL_HIGH, SMALL_HIGH), SMALL_HIGH
            first, last = _finite(start.low), _finite(start.high)
            least, most = _finite(stop.low), _finite(stop.high)
            if step.low > 0:
                return integer(first, most - 1), max(0, -((first - most) // step.low))
            return integer(least + 1, last), max(0, (last - least) // -step.high + 1)
        length = self.declared(ast.Call(ast.Name("len"), [node], []), integer(*iterable.length))
        element = self.declared(node, iterable.any_element(), "[...]")
        if iterable.kind == "list":
            element = self.declared(node, UNKNOWN, "[...]")
        known = iterable.kind in CONSTRUCTORS | {"array"} or length.high < LONGEST
        return element, length.high if known or length.high == LONGEST else math.inf


def _finite(bound: Number) -> int:
    """A bound; where there is none, that of small integers, as for what comes from outside."""
    if isinstance(bound, float):
        return SMALL_HIGH if bound > 0 else -SMALL_HIGH
    return bound


