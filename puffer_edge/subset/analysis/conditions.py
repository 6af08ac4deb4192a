# SPDX-License-Identifier: MIT
"""What a condition says about names, where it holds and where it does not."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod

from puffer_edge.subset.analysis.values import Value, integer

State = dict[str, Value]
"""What is known of the local names at a place of a function."""


class Conditions(ABC):
    """States behind conditions; how expressions are evaluated is the subclass's part.

    Attributes:
        quiet: above 0 nothing is noted.
    """

    quiet = 0

    @abstractmethod
    def evaluate(self, node: ast.expr, state: State) -> Value:
        """What an expression is."""

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
