# SPDX-License-Identifier: MIT
"""Python sources by the grammar, of nothing but chance: what ``check`` may be given.

Trees are grown from ``ast``'s own classes, as deep as a budget allows, and printed; names are of a
small set, so that they meet. What the interpreter itself would refuse is a problem that is told.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from random import Random
from typing import Any

NAMES = ("a", "b", "x", "self", "step", "range", "len", "ptr16", "array", "const", "machine", "_")
MODULES = ("array", "micropython", "machine", "struct", "os", "nothing", "a.b")
CONSTANTS: tuple[Any, ...] = (0, 1, -1, 7, 255, 2**30, -2**30 - 1, 2**31, 10**40, 1.5, 1e400, 2j,
                              "", "a", "\n", "é", b"", b"\x00", None, True, ...)
COMMENTS = ("# range: x in [0, 9]", "# range: a[...] in [-2**30, 7]",
            "# range: len(b) in [0, 4]", "# noqa", "# noqa: PE401 reason")
MARK = "# puffer-edge: no-alloc"
DECORATORS = ("micropython.viper", "micropython.native", "micropython.asm_thumb", "no_alloc",
              "staticmethod", "property")
BINARY = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.LShift,
          ast.RShift, ast.BitOr, ast.BitXor, ast.BitAnd, ast.MatMult)
UNARY = (ast.Invert, ast.Not, ast.UAdd, ast.USub)
COMPARE = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In,
           ast.NotIn)
DEPTH = 5


class Grammar:
    """Grows nodes.

    Args:
        random: decides.
        budget: nodes that may be made; then only the smallest are.
    """

    def __init__(self, random: Random, budget: int) -> None:
        self.random, self.budget = random, budget

    def pick(self, *makers: Callable[[int], Any], depth: int) -> Any:
        """One of them; the first, which ends there, where depth or budget is used up."""
        self.budget -= 1
        chosen = makers[0] if depth <= 0 or self.budget <= 0 else self.random.choice(makers)
        return chosen(depth - 1)

    def some(self, make: Callable[[int], Any], depth: int, least: int = 0, most: int = 3
             ) -> list[Any]:
        return [make(depth) for _ in range(self.random.randint(least, most))]

    def maybe(self, make: Callable[[int], Any], depth: int) -> Any:
        return make(depth) if self.random.random() < 0.5 else None

    def name(self, depth: int = 0) -> str:
        return self.random.choice(NAMES)

    def load(self, depth: int) -> ast.expr:
        return ast.Name(self.name(), ast.Load())

    def constant(self, depth: int) -> ast.expr:
        return ast.Constant(self.random.choice(CONSTANTS))

    def target(self, depth: int) -> Any:
        made: Any = self.pick(
            lambda d: ast.Name(self.name(), ast.Store()),
            lambda d: ast.Attribute(self.expression(d), self.name(), ast.Store()),
            lambda d: ast.Subscript(self.expression(d), self.index(d), ast.Store()),
            lambda d: ast.Tuple([self.target(d), ast.Starred(self.target(0), ast.Store())],
                                ast.Store()), depth=depth)
        return made

    def place(self, depth: int) -> Any:
        """A target that is one."""
        while isinstance(made := self.target(depth), ast.Tuple):
            pass
        return made

    def index(self, depth: int) -> ast.expr:
        made: ast.expr = self.pick(
            self.expression,
            lambda d: ast.Slice(*(self.maybe(self.expression, d) for _ in range(3))), depth=depth)
        return made

    def expression(self, depth: int) -> Any:
        return self.pick(
            self.load, self.constant, self.load, self.constant,
            lambda d: ast.BinOp(self.expression(d), self.random.choice(BINARY)(),
                                self.expression(d)),
            lambda d: ast.UnaryOp(self.random.choice(UNARY)(), self.expression(d)),
            lambda d: ast.BoolOp(self.random.choice((ast.And, ast.Or))(),
                                 self.some(self.expression, d, 2)),
            lambda d: ast.Compare(self.expression(d), [self.random.choice(COMPARE)()],
                                  [self.expression(d)]),
            lambda d: ast.Call(self.expression(d), self.some(self.expression, d),
                               [ast.keyword(self.maybe(self.name, d), self.expression(d))
                                for _ in range(self.random.randrange(2))]),
            lambda d: ast.Attribute(self.expression(d), self.name(), ast.Load()),
            lambda d: ast.Subscript(self.expression(d), self.index(d), ast.Load()),
            lambda d: ast.IfExp(*(self.expression(d) for _ in range(3))),
            lambda d: ast.Lambda(self.arguments(-1), self.expression(d)),
            lambda d: self.random.choice((ast.List, ast.Tuple))(self.some(self.expression, d),
                                                                ast.Load()),
            lambda d: ast.Set(self.some(self.expression, d, 1)),
            lambda d: ast.Dict([self.expression(d)], [self.expression(d)]),
            lambda d: self.random.choice((ast.ListComp, ast.SetComp, ast.GeneratorExp))(
                self.expression(d), [self.comprehension(d)]),
            lambda d: ast.DictComp(self.expression(d), self.expression(d),
                                   [self.comprehension(d)]),
            lambda d: ast.NamedExpr(ast.Name(self.name(), ast.Store()), self.expression(d)),
            lambda d: ast.JoinedStr([ast.FormattedValue(self.load(d), -1, None)]),
            lambda d: ast.Await(self.expression(d)),
            lambda d: ast.Yield(self.maybe(self.expression, d)), depth=depth)

    def comprehension(self, depth: int) -> ast.comprehension:
        return ast.comprehension(self.target(depth), self.expression(depth),
                                 self.some(self.expression, depth, 0, 1), 0)

    def arguments(self, depth: int) -> ast.arguments:
        names = self.random.sample(NAMES, self.random.randrange(4))
        # Those of a lambda have no annotations.
        args = [ast.arg(name, self.maybe(self.load, depth) if depth >= 0 else None)
                for name in names]
        return ast.arguments([], args, self.maybe(lambda d: ast.arg("more"), 0), [], [], None,
                             [self.expression(0)] if args and self.random.random() < 0.3 else [])

    def body(self, depth: int) -> list[ast.stmt]:
        return self.some(self.statement, depth, 1, 4)

    def statement(self, depth: int) -> Any:
        return self.pick(
            lambda d: ast.Assign([self.target(d)], self.expression(d + 1)),
            lambda d: ast.Expr(self.expression(d + 1)),
            lambda d: ast.AugAssign(self.place(d), self.random.choice(BINARY)(),
                                    self.expression(d + 1)),
            lambda d: ast.AnnAssign(self.place(0), self.expression(d), self.expression(d), 0),
            lambda d: ast.Return(self.maybe(self.expression, d)),
            lambda d: self.random.choice((ast.Pass, ast.Break, ast.Continue))(),
            lambda d: ast.If(self.expression(d), self.body(d), self.some(self.statement, d)),
            lambda d: ast.While(self.expression(d), self.body(d), self.some(self.statement, 0)),
            lambda d: ast.For(self.target(d), self.expression(d), self.body(d), []),
            lambda d: ast.With([ast.withitem(self.expression(d), self.maybe(self.target, d))],
                               self.body(d)),
            lambda d: ast.Try(self.body(d), [ast.ExceptHandler(
                self.maybe(self.load, d), None, self.body(d))], self.some(self.statement, 0),
                self.some(self.statement, d)),
            lambda d: ast.Raise(self.maybe(self.expression, d), None),
            lambda d: ast.Assert(self.expression(d), self.maybe(self.expression, d)),
            lambda d: ast.Delete([self.place(d)]),
            lambda d: ast.Import([ast.alias(self.random.choice(MODULES),
                                            self.maybe(self.name, d))]),
            lambda d: ast.ImportFrom(self.random.choice(MODULES), [ast.alias(self.name())], 0),
            lambda d: self.random.choice((ast.Global, ast.Nonlocal))([self.name()]),
            lambda d: ast.Match(self.expression(d), [ast.match_case(
                ast.MatchAs(None, None), None, self.body(d))]),
            self.function, self.function,
            lambda d: _fitted(ast.ClassDef, name=self.name(), bases=self.some(self.load, d, 0, 1),
                              keywords=[], body=self.body(d), decorator_list=[]), depth=depth)

    def function(self, depth: int) -> Any:
        kind = self.random.choice((ast.FunctionDef, ast.FunctionDef, ast.AsyncFunctionDef))
        marks = [ast.parse(self.random.choice(DECORATORS), mode="eval").body
                 for _ in range(self.random.randrange(2))]
        return _fitted(kind, name=self.name(), args=self.arguments(depth), body=self.body(depth),
                       decorator_list=marks, returns=self.maybe(self.load, depth))


def _fitted(kind: Any, **parts: Any) -> Any:
    """A node with the field that Python 3.12 brought."""
    return kind(**parts, **({"type_params": []} if "type_params" in kind._fields else {}))


def source(random: Random) -> str:
    """A text, in one of three with comments that declare something."""
    grammar = Grammar(random, random.choice((20, 100, 400)))
    text = ast.unparse(ast.fix_missing_locations(
        ast.Module([grammar.statement(DEPTH) for _ in range(random.randint(1, 8))], [])))
    lines = []
    for line in text.splitlines():
        indent = line[:len(line) - len(line.lstrip())]
        if line[len(indent):].startswith(("def ", "async def ")) and random.random() < 0.7:
            lines.append(indent + MARK)
        elif random.random() < 0.05:
            lines.append(indent + random.choice(COMMENTS))
        lines.append(line)
    return "\n".join(lines) + "\n"
