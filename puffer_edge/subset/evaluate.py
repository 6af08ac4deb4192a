"""Expressions of the analysis: what they are, and what a condition says about names."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Any

from puffer_edge.subset import natives
from puffer_edge.subset.arithmetic import absolute, binary, inverted, negated
from puffer_edge.subset.scopes import Bindings, Function
from puffer_edge.subset.values import (
    BOOL,
    FLOAT,
    INT,
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

if TYPE_CHECKING:
    from puffer_edge.subset.context import Context

State = dict[str, Value]
MOST_ITEMS = 4096
CONSTRUCTORS = {"str", "bytes", "bytearray", "list", "tuple", "dict", "set", "memoryview", "range"}


class Evaluator:
    """Evaluates expressions of one function.

    Args:
        context: its file.
        function: the function; None to look up names only.
        cold: nothing is noted.
    """

    def __init__(self, context: Context, function: Function | None, cold: bool = True) -> None:
        self.context = context
        self.function = function
        self.cold = cold
        self.quiet = 0
        self._scope: Bindings = context.tree.scopes[function or context.tree.module]
        self._ranges = context.declarations.ranges(function)

    def owner(self) -> ast.ClassDef | None:
        """The class that the function is a method of."""
        above = self.context.parent(self.function) if self.function else None
        return above if isinstance(above, ast.ClassDef) else None

    def is_generator(self) -> bool:
        """Whether the function has a yield of its own."""
        return self.function is not None and self.context.is_generator(self.function)

    def note(self, node: ast.AST, value: Value) -> None:
        """Joins a value with what is known about a node."""
        if not self.quiet and not self.cold:
            old = self.context.values.get(node)
            self.context.values[node] = value if old is None else old.join(value)

    def declared(self, node: ast.AST, value: Value, suffix: str = "") -> Value:
        """The value inside of the range that is declared for the text of a node."""
        if self._ranges:
            bounds = self._ranges.get(self.context.text(node) + suffix)
            if bounds is not None:
                clipped = value.clipped(*bounds)
                if clipped.is_int and clipped.low > clipped.high:
                    if not self.quiet and not self.cold:
                        self.context.contradictions[node] = (value, bounds)
                    return integer(*bounds)
                return clipped
        return value

    def evaluate(self, node: ast.expr, state: State) -> Value:
        """What an expression is."""
        self.context.clock.tick()
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
            known = node.id in natives.BUILTINS and not self.context.tree.stars
            return Value("native", name=f"builtins.{node.id}") if known else UNKNOWN
        if found.node is self.function:
            return UNKNOWN
        return self.context.project.static(self.context, found.node, node.id) or UNKNOWN

    def bound_value(self, scope: ast.AST, name: str) -> Value:
        """What a name of an outer scope can be, over all its bindings."""
        values = []
        for bound in self.context.tree.scopes[scope].values[name]:
            if isinstance(bound, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.context.project.found(bound, self.context)
                values.append(Value("class" if isinstance(bound, ast.ClassDef) else "function",
                                    node=bound))
            elif isinstance(bound, ast.alias):
                values.append(self._imported(bound))
            elif isinstance(bound, ast.expr):
                inner = Evaluator(self.context, scope if isinstance(
                    scope, ast.FunctionDef | ast.AsyncFunctionDef) else None)
                values.append(inner.declared(ast.Name(name), inner.evaluate(bound, {})))
            else:
                values.append(self._declared_in(scope, name))
        return union(tuple(values)) if values else UNKNOWN

    def _declared_in(self, scope: ast.AST, name: str) -> Value:
        bounds = self.context.declarations.ranges(scope).get(name)
        return integer(*bounds) if bounds else UNKNOWN

    def _imported(self, alias: ast.alias) -> Value:
        dotted = self.context.origin(alias)
        if dotted is None:
            statement = self.context.parent(alias)
            if not (isinstance(statement, ast.ImportFrom) and statement.level):
                return UNKNOWN
            dotted = f"{statement.module}.{alias.name}" if statement.module else alias.name
        module, _, name = dotted.rpartition(".")
        inside = self.context.project.module(module, self.context) if module else None
        if inside is not None and name in inside.tree.scopes[inside.tree.module].values:
            return inside.project.static(inside, inside.tree.module, name) or UNKNOWN
        other = self.context.project.module(dotted, self.context)
        if other is not None and other is not self.context:
            return Value("module", name=dotted, node=other)
        if self.context.names.scope(dotted) is not None and "." not in dotted:
            return Value("module", name=dotted)
        return Value("native", name=_plain(dotted))

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
            if base.node is not None:
                return self._in_module(base.node, node.attr)
            return Value("native", name=f"{_plain(base.name)}.{node.attr}")
        if base.kind == "native":
            return Value("native", name=f"{base.name.removeprefix('builtins.')}.{node.attr}")
        if base.kind in ("instance", "class") and isinstance(base.node, ast.ClassDef):
            return self._member(node, base)
        if base.kind in ("instance", "array", "memoryview", "generator") or (
                base.kind in CONSTRUCTORS):
            name = base.name or {"array": "array.array"}.get(base.kind, base.kind)
            return Value("method", name=f"{name.replace('array.array', 'array')}.{node.attr}")
        return Value("attribute", name=node.attr)

    def _in_module(self, other: Any, name: str) -> Value:
        """A name of another file."""
        module = other.tree.module
        if name not in other.tree.scopes[module].values:
            return UNKNOWN
        return self.context.project.static(other, module, name) or UNKNOWN

    def _member(self, node: ast.Attribute, base: Value) -> Value:
        assert isinstance(base.node, ast.ClassDef)
        context = self.context.project.home(base.node, self.context)
        found = context.member(base.node, node.attr)
        if found is None:
            return UNKNOWN
        context.project.found(found, context)
        if isinstance(found, ast.expr):
            scope = context.tree.scope_of(found).node
            inner = Evaluator(context, scope if isinstance(
                scope, ast.FunctionDef | ast.AsyncFunctionDef) else None)
            return inner.evaluate(found, {})
        decorators = {getattr(d, "id", getattr(d, "attr", "")) for d in found.decorator_list}
        if "property" in decorators:
            if isinstance(node.ctx, ast.Load) and base.kind == "instance":
                return self.call_function(found, (base,))
            return UNKNOWN
        plain = base.kind == "class" or "staticmethod" in decorators
        return Value("function" if plain else "bound", node=found)

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
            owner = Value("instance", node=self.context.project.home(
                called.node, self.context).parent(called.node))
            return self.call_function(called.node, (owner, *arguments) if plain else (owner,))
        if called.kind == "class":
            return Value("instance", node=called.node)
        if called.kind == "native":
            return self._native(called.name, arguments, node)
        return natives.result(called.name) if called.kind == "method" else UNKNOWN

    def call_function(self, function: Function, arguments: tuple[Value, ...]) -> Value:
        """What a call of a function of the files gives back; it is analysed, too."""
        home = self.context.project.home(function, self.context)
        caller = self.function.name if self.function is not None else ""
        return self.context.project.call(function, home, arguments, caller, self.cold)

    def _native(self, name: str, arguments: tuple[Value, ...], node: ast.Call) -> Value:
        short = name.removeprefix("builtins.")
        first = arguments[0] if arguments else UNKNOWN
        if short == "len":
            return integer(*first.length)
        if short == "pow" and len(arguments) == 2:
            return binary(ast.Pow(), first, arguments[1])
        if short == "abs":
            return absolute(first)
        if short in ("min", "max") and len(arguments) > 1:
            if not all(argument.is_int for argument in arguments):
                return union(arguments)
            pick = min if short == "min" else max
            return integer(pick(a.low for a in arguments), pick(a.high for a in arguments))
        if short == "range" and 1 <= len(arguments) <= 3:
            return _range(arguments)
        if short == "int" or (short == "round" and len(arguments) == 1):
            return first if first.is_int else INT
        if short == "float" or (short == "round" and first.kind == "float"):
            return FLOAT
        if short in ("min", "max", "sum"):
            return first.any_element() if short != "sum" else UNKNOWN
        if short == "array.array" and node.args and isinstance(node.args[0], ast.Constant):
            code = str(node.args[0].value)
            size = arguments[1].length if len(arguments) > 1 else (0, 0)
            if len(arguments) > 1 and arguments[1].kind in ("bytes", "bytearray"):
                width = {"b": 1, "B": 1, "h": 2, "H": 2, "q": 8, "Q": 8, "d": 8}.get(code, 4)
                size = (size[0] // width, size[1] // width)
            elif len(arguments) > 1 and arguments[1].kind not in ("list", "tuple"):
                size = (0, LONGEST)
            return Value("array", code=code, length=self.context.fixed(node, size))
        if short in CONSTRUCTORS:
            return _constructed(short, first, self.context, node)
        if short == "micropython.const" or short == "const":
            return first
        if short in ("getattr", "next"):
            return UNKNOWN
        if self.context.names.scope(name) is not None and "." in short:
            return Value("instance", name=name)
        return natives.result(name)

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

    def assume(self, test: ast.expr, state: State, truth: bool) -> State | None:
        """The state where a condition holds, or does not; None where that cannot be."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self.assume(test.operand, state, not truth)
        if isinstance(test, ast.BoolOp):
            if isinstance(test.op, ast.And) == truth:
                inner: State | None = state
                for part in test.values:
                    inner = None if inner is None else self.assume(part, inner, truth)
                return inner
            ways = []
            rest: State | None = state
            for part in test.values:
                if rest is not None:
                    ways.append(self.assume(part, rest, truth))
                    rest = self.assume(part, rest, not truth)
            return _either(ways)
        if isinstance(test, ast.Compare):
            if len(test.ops) == 1:
                return self._compared(test.left, test.ops[0], test.comparators[0], state, truth)
            if not truth:
                return state
            left, inner = test.left, state
            for operator, right in zip(test.ops, test.comparators, strict=True):
                inner = None if inner is None else self._compared(left, operator, right, inner,
                                                                  True)
                left = right
            return inner
        self.quiet += 1
        value = self.evaluate(test, state)
        self.quiet -= 1
        return self._truth(test, value, state, truth)

    def _truth(self, test: ast.expr, value: Value, state: State, truth: bool) -> State | None:
        if value.is_int and (value.exact() == 0 if truth else value.low > 0 or value.high < 0):
            return None
        if value.kind == "none" and truth:
            return None
        if isinstance(test, ast.Name) and value.is_int and test.id in state:
            if not truth:
                return {**state, test.id: integer(0, 0)}
            return {**state, test.id: integer(value.low or 1, value.high or -1)}
        return state

    def _compared(self, left: ast.expr, operator: ast.cmpop, right: ast.expr, state: State,
                  truth: bool) -> State | None:
        self.quiet += 1
        a, b = self.evaluate(left, state), self.evaluate(right, state)
        self.quiet -= 1
        kind = type(operator) if truth else _OPPOSITE.get(type(operator))
        if kind not in _ORDERED or not b.is_int or a.kind not in ("int", "unknown"):
            if kind in (ast.Is, ast.IsNot) and b.kind == "none" and a.kind not in (
                    "unknown", "attribute"):
                return state if (a.kind == "none") == (kind is ast.Is) else None
            if not (a.is_int and kind in _ORDERED and b.kind == "unknown"):
                return state
        if a.is_int and b.is_int and not _possible(kind, a, b):
            return None
        state = self._narrowed(left, a, kind, b, state)
        return self._narrowed(right, b, _MIRRORED[kind], a, state)

    def _narrowed(self, node: ast.expr, value: Value, kind: type[ast.cmpop], other: Value,
                  state: State) -> State:
        if not isinstance(node, ast.Name) or not other.is_int or node.id not in state or (
                not value.is_int):
            return state
        low, high = value.low, value.high
        if kind in (ast.Lt, ast.LtE, ast.Eq):
            high = min(high, other.high - (kind is ast.Lt))
        if kind in (ast.Gt, ast.GtE, ast.Eq):
            low = max(low, other.low + (kind is ast.Gt))
        if kind is ast.NotEq and other.exact() is not None:
            low += low == other.low
            high -= high == other.low
        return {**state, node.id: integer(low, high)}


_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
_MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq}
_ORDERED = frozenset(_MIRRORED)


def _possible(kind: type[ast.cmpop], a: Value, b: Value) -> bool:
    if kind is ast.Lt:
        return a.low < b.high
    if kind is ast.LtE:
        return a.low <= b.high
    if kind is ast.Gt:
        return a.high > b.low
    if kind is ast.GtE:
        return a.high >= b.low
    if kind is ast.Eq:
        return a.low <= b.high and b.low <= a.high
    return a.exact() is None or a.exact() != b.exact()


def _either(ways: list[State | None]) -> State | None:
    result: State | None = None
    for way in ways:
        if way is not None:
            result = way if result is None else {
                name: value.join(way[name]) for name, value in result.items() if name in way}
    return result


def _finite(bound: Number) -> int:
    """A bound; where there is none, that of small integers, as for what comes from outside."""
    if isinstance(bound, float):
        return SMALL_HIGH if bound > 0 else -SMALL_HIGH
    return bound


def _range(arguments: tuple[Value, ...]) -> Value:
    start, stop, step = integer(0, 0), arguments[0], integer(1, 1)
    if len(arguments) > 1:
        start, stop = arguments[:2]
    if len(arguments) > 2:
        step = arguments[2]
    return Value("range", items=(start, stop, step))


def _constructed(kind: str, first: Value, context: Context, node: ast.Call) -> Value:
    if kind == "memoryview":
        return Value(kind, code=first.code, element=first.any_element(), length=first.length)
    if kind in ("bytes", "bytearray"):
        size = (int(max(0, first.low)), int(min(LONGEST, first.high))) if (
            first.bounded) else first.length if first.kind != "unknown" else (0, LONGEST)
        return Value(kind, length=context.fixed(node, size))
    if kind in ("tuple", "list"):
        items = first.items if first.kind in ("list", "tuple", "generator") else None
        return Value(kind, items=items, length=first.length)
    return Value(kind)


def _plain(dotted: str) -> str:
    """utime.sleep is time.sleep."""
    module, dot, name = dotted.partition(".")
    old = module.startswith("u") and module[1:] in _OLD
    return f"{module[1:] if old else module}{dot}{name}"


_OLD = {"array", "struct", "time", "os", "sys", "io", "json", "re", "random", "collections",
        "binascii", "machine", "asyncio", "select", "socket", "ssl", "errno", "hashlib", "zlib"}
