# SPDX-License-Identifier: MIT
"""Abstract interpretation of a function: classes of values, and ranges of integers.

Everything that a statement computes is noted in ``Analysis.values``, joined over all the ways that
lead there, and every statement that can be reached in ``Analysis.reached``; the rules of allocation
and ranges read them.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable

from puffer_edge.subset.analysis.callees import Callees
from puffer_edge.subset.analysis.conditions import State
from puffer_edge.subset.analysis.evaluate import Evaluator
from puffer_edge.subset.analysis.values import NONE, UNKNOWN, Number, Value, integer
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.scopes import SCOPES, Function

_Enter = Callable[[State], "State | None"]
MOST_ROUNDS = 30
MOST_STEPS = 20_000


class Flow(Evaluator):
    """One analysis of one function.

    Args:
        callees: everything around the function.
        file: its file.
        function: the function; None to look up names only.
        arguments: of positional parameters; the others are unknown.
        cold: nothing is noted.
    """

    def __init__(self, callees: Callees, file: File, function: Function | None,
                 arguments: tuple[Value, ...], cold: bool) -> None:
        super().__init__(callees, file, function, cold)
        self._arguments = arguments
        self._returned: list[Value] = []
        self._breaks: list[list[State]] = []
        self._continues: list[list[State]] = []
        self._accumulators: dict[str, Value] = {}
        self._added: dict[ast.AugAssign, Value] = {}
        self._trips: dict[ast.AST, Number] = {}
        self._steps = 0
        self._last_breaks: list[State] = []

    def run(self) -> Value:
        """What the function gives back."""
        assert self.function is not None
        parameters = self.function.args
        state: State = {}
        names = [*parameters.posonlyargs, *parameters.args]
        given = list(self._arguments)
        if names and not given and self.owner() is not None:
            given = [Value("instance", node=self.owner())]
        for index, argument in enumerate(names):
            state[argument.arg] = given[index] if index < len(given) else UNKNOWN
        for argument in parameters.kwonlyargs:
            state[argument.arg] = UNKNOWN
        for extra, kind in ((parameters.vararg, "tuple"), (parameters.kwarg, "dict")):
            if extra:
                state[extra.arg] = Value(kind)
        end = self.block(self.function.body, state)
        if end is not None:
            self._returned.append(NONE)
        result = self._returned[0] if self._returned else UNKNOWN
        for value in self._returned[1:]:
            result = result.join(value)
        return UNKNOWN if self.is_generator() else result

    def block(self, statements: list[ast.stmt], state: State | None) -> State | None:
        """The state behind statements; None where no way leads there."""
        for statement in statements:
            if state is None:
                return None
            self._steps += 1
            if self._steps > MOST_STEPS:
                self.notes.too_much.add(self.function)
                return None
            if not self.quiet and not self.cold:
                self.notes.reached.add(statement)
            state = self.statement(statement, state)
        return state

    def statement(self, node: ast.stmt, state: State) -> State | None:
        """The state behind one statement."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        return method(node, state) if method else state

    def _expr(self, node: ast.Expr, state: State) -> State:
        self.evaluate(node.value, state)
        return state

    def _assign(self, node: ast.Assign, state: State) -> State:
        value = self.evaluate(node.value, state)
        for target in node.targets:
            state = self.store(target, value, state)
        return state

    def _annassign(self, node: ast.AnnAssign, state: State) -> State:
        if node.value is not None:
            return self.store(node.target, self.evaluate(node.value, state), state)
        return state

    def _augassign(self, node: ast.AugAssign, state: State) -> State:
        added = self.evaluate(node.value, state)
        name = node.target.id if isinstance(node.target, ast.Name) else ""
        if name in self._accumulators:
            signed = added if isinstance(node.op, ast.Add) else self.minus(added)
            old = self._added.get(node)
            self._added[node] = signed if old is None else old.join(signed)
            value = self._accumulators[name]
            if not value.is_int or not added.is_int:
                value = self.operate(node.op, state.get(name, UNKNOWN), added)
        else:
            value = self.operate(node.op, self.evaluate(node.target, state), added)
        value = self.declared(node.target, value)
        self.note(node, value)
        return self.store(node.target, value, state)

    def store(self, target: ast.expr, value: Value, state: State) -> State:
        """The state after an assignment."""
        if isinstance(target, ast.Name):
            clipped = self.declared(target, value)
            self.note(target, value)
            return {**state, target.id: clipped}
        if isinstance(target, ast.Tuple | ast.List):
            items = value.items if value.items and len(value.items) == len(target.elts) else None
            for index, element in enumerate(target.elts):
                part = items[index] if items else value.any_element()
                inner = element.value if isinstance(element, ast.Starred) else element
                state = self.store(inner, Value("list") if inner is not element else part, state)
        elif isinstance(target, ast.Subscript):
            self.evaluate(target.value, state)
            self.evaluate(target.slice, state)
        elif isinstance(target, ast.Attribute):
            self.evaluate(target.value, state)
        return state

    def _return(self, node: ast.Return, state: State) -> None:
        value = NONE if node.value is None else self.evaluate(node.value, state)
        if not self.quiet:
            self._returned.append(value)

    def _raise(self, node: ast.Raise, state: State) -> None:
        return None

    def _assert(self, node: ast.Assert, state: State) -> State | None:
        self.evaluate(node.test, state)
        return self.assume(node.test, state, True)

    def _break(self, node: ast.Break, state: State) -> None:
        if self._breaks:  # the parser lets a break outside of a loop pass
            self._breaks[-1].append(state)

    def _continue(self, node: ast.Continue, state: State) -> None:
        if self._continues:
            self._continues[-1].append(state)

    def _delete(self, node: ast.Delete, state: State) -> State:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                self.store(target, UNKNOWN, state)
        return state

    def _functiondef(self, node: ast.FunctionDef, state: State) -> State:
        return {**state, node.name: Value("function", node=node)}

    def _classdef(self, node: ast.ClassDef, state: State) -> State:
        return {**state, node.name: Value("class", node=node)}

    def _if(self, node: ast.If, state: State) -> State | None:
        self.evaluate(node.test, state)
        yes, no = self.assume(node.test, state, True), self.assume(node.test, state, False)
        return joined(self.block(node.body, yes), self.block(node.orelse, no))

    def _with(self, node: ast.With, state: State) -> State | None:
        for item in node.items:
            self.evaluate(item.context_expr, state)
            if item.optional_vars is not None:
                state = self.store(item.optional_vars, UNKNOWN, state)
        return self.block(node.body, state)

    def _try(self, node: ast.Try, state: State) -> State | None:
        changed = {name: UNKNOWN for name in stored(node.body)}
        end = self.block(node.body, state)
        end = self.block(node.orelse, end)
        somewhere: State = {**state, **changed}
        for handler in node.handlers:
            end = joined(end, self.block(handler.body, somewhere))
        if node.finalbody:
            if end is None:
                self.block(node.finalbody, {**somewhere, **{n: UNKNOWN for h in node.handlers
                                                            for n in stored(h.body)}})
                return None
            return self.block(node.finalbody, end)
        return end

    def _match(self, node: ast.Match, state: State) -> State | None:
        self.evaluate(node.subject, state)
        end: State | None = state
        for case in node.cases:
            inner = {**state, **{name: UNKNOWN for name in stored([node])}}
            end = joined(end, self.block(case.body, inner))
        return end

    def _while(self, node: ast.While, state: State) -> State | None:
        def enter(head: State) -> State | None:
            self.evaluate(node.test, head)
            return self.assume(node.test, head, True)

        return self._loop(node, state, math.inf, enter,
                          lambda head: self.assume(node.test, head, False))

    def _for(self, node: ast.For, state: State) -> State | None:
        iterable = self.evaluate(node.iter, state)
        element, trips = self.iteration(node.iter, iterable, state)

        def enter(head: State) -> State | None:
            return self.store(node.target, element, head) if trips else None

        return self._loop(node, state, trips, enter, lambda head: head)

    def _loop(self, node: ast.For | ast.While, start: State, trips: Number, enter: _Enter,
              leave: _Enter) -> State | None:
        """Runs a loop until nothing changes, then once more to note the values."""
        self._trips[node] = max(trips, self._trips.get(node, 0))
        mine = {name: statements for name, statements in accumulators(node).items()
                if name not in self._accumulators and start.get(name, UNKNOWN).is_int
                and not math.isinf(trips)}
        head = dict(start)
        self.quiet += 1
        for turn in range(MOST_ROUNDS):
            new = self._round(node, start, head, enter, mine)
            if all(name in new and _inside(new[name], value) for name, value in head.items()):
                break
            if turn > 1:
                new = {name: value.widened(head.get(name, value)) for name, value in new.items()}
            head = {name: new.get(name, UNKNOWN).join(value) for name, value in head.items()}
        else:
            head = {name: UNKNOWN for name in head}
        for _ in range(2):  # what widening gave away
            new = self._round(node, start, head, enter, mine)
            head = {name: _meet(new.get(name, UNKNOWN), value) for name, value in head.items()}
        self.quiet -= 1
        self._round(node, start, head, enter, mine)
        breaks = self._last_breaks
        end = self.block(node.orelse, leave(head))
        for state in breaks:
            end = joined(end, state)
        return end

    def _round(self, node: ast.For | ast.While, start: State, head: State, enter: _Enter,
               mine: dict[str, list[ast.AugAssign]]) -> State:
        """One turn of a loop: the state at its head afterwards, joined with the first one."""
        for name, statements in mine.items():
            self._accumulators[name] = head[name]
            for statement in statements:
                self._added.pop(statement, None)
        self._breaks.append([])
        self._continues.append([])
        inside = enter(dict(head))
        end = self.block(node.body, inside)
        for state in self._continues.pop():
            end = joined(end, state)
        self._last_breaks = self._breaks.pop()
        new = dict(start) if end is None else joined(start, end) or {}
        for name, statements in mine.items():
            del self._accumulators[name]
            new[name] = self._accumulated(node, start[name], statements)
        return new

    def _accumulated(self, loop: ast.AST, start: Value,
                     statements: list[ast.AugAssign]) -> Value:
        """The range of a sum: what every statement adds, times how often it can run."""
        low, high = start.low, start.high
        for statement in statements:
            added = self._added.get(statement)
            if added is None:
                continue
            if not added.is_int:
                return UNKNOWN
            count: Number = 1
            place: ast.AST | None = statement
            while place is not loop:
                place = self.file.parent(place) if place is not None else None
                if isinstance(place, ast.For | ast.While):
                    count *= self._trips.get(place, math.inf)
            low += min(0, count * added.low) if added.low else 0
            high += max(0, count * added.high) if added.high else 0
        return integer(low, high)


def joined(one: State | None, other: State | None) -> State | None:
    """A state that is one or the other."""
    if one is None or other is None:
        return other if one is None else one
    return {name: value.join(other[name]) for name, value in one.items() if name in other}


def own_nodes(body: list[ast.stmt]) -> list[ast.AST]:
    """Nodes of statements, without those of functions and classes inside."""
    found: list[ast.AST] = []
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        found.append(node)
        if not isinstance(node, SCOPES):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))
    return found


def stored(body: list[ast.stmt]) -> set[str]:
    """Names that statements bind."""
    return {node.id for node in own_nodes(body)
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}


def accumulators(loop: ast.For | ast.While) -> dict[str, list[ast.AugAssign]]:
    """Names that the body of a loop changes by += and -= only, with these statements."""
    found: dict[str, list[ast.AugAssign]] = {}
    targets: set[ast.AST] = set()
    nodes = own_nodes(loop.body)
    for node in nodes:
        if (isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
                and isinstance(node.op, ast.Add | ast.Sub)):
            found.setdefault(node.target.id, []).append(node)
            targets.add(node.target)
    others = [node for node in nodes if isinstance(node, ast.Name) and node not in targets
              and not isinstance(node.ctx, ast.Load)]
    if isinstance(loop, ast.For):
        others += [node for node in ast.walk(loop.target) if isinstance(node, ast.Name)]
    for other in others:
        found.pop(other.id, None)
    return found


def _inside(new: Value, old: Value) -> bool:
    return old == new or (old.kind == "unknown") or (
        new.is_int and old.is_int and old.low <= new.low and new.high <= old.high)


def _meet(new: Value, old: Value) -> Value:
    if new.is_int and old.is_int:
        return integer(max(new.low, old.low), min(new.high, old.high))
    return old
