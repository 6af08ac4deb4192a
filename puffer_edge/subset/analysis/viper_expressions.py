# SPDX-License-Identifier: MIT
"""Types of viper's expressions, and what the compiler refuses in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from puffer_edge.subset.analysis.flow import own_nodes
from puffer_edge.subset.analysis.values import SMALL_HIGH, SMALL_LOW
from puffer_edge.subset.analysis.viper_types import (
    ANY,
    POINTERS,
    TYPES,
    Kind,
    annotated,
    compared,
    operated,
)
from puffer_edge.subset.facts.constants import number
from puffer_edge.subset.facts.file import File

INDEXED = {"ptr8", "ptr16", "ptr32"}


@dataclass(frozen=True)
class Fault:
    """What the compiler refuses.

    Attributes:
        kind: ``mixed`` types, an operation that is ``unsupported``, or a literal too ``wide`` for a
            native integer.
        node: where.
        text: what, one line.
    """

    kind: Kind
    node: ast.AST
    text: str


class Expressions:
    """Types of expressions, where those of the local variables so far are known.

    Args:
        function: compiled by viper.
        file: that it is in.

    Attributes:
        faults: what the compiler refuses; it names the first one only.
    """

    def __init__(self, function: ast.FunctionDef, file: File) -> None:
        self.faults: list[Fault] = []
        self._file = file
        self._locals = set(file.tree.scopes[function].values)
        inside = own_nodes(function.body)
        hidden = {name.id for node in inside if isinstance(node, ast.comprehension)
                  for name in ast.walk(node.target) if isinstance(name, ast.Name)}
        self._assigned = self._locals - hidden
        arguments = function.args
        self._names: dict[str, str] = {
            argument.arg: annotated(argument.annotation)
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        self._names |= {extra.arg: "object" for extra in (arguments.vararg, arguments.kwarg)
                        if extra}
        self._types: dict[ast.expr, str] = {}

    def of(self, node: ast.expr) -> str:
        """The type of an expression that was passed; ``?`` behind a fault."""
        return self._types.get(node, ANY)

    def _store(self, target: ast.expr, kind: str, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            if target.id not in self._locals:
                return
            old = self._names.setdefault(target.id, kind)
            if ANY not in (old, kind) and old != kind:
                self._mixed(target, f"{target.id} is {old} and cannot become {kind}", [value])
        elif isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self._store(part.value if isinstance(part, ast.Starred) else part, "object", value)
        elif isinstance(target, ast.Subscript):
            base = self._value(target.value)
            self._index(target, base)
            if base in INDEXED and kind not in ("int", "uint", "bool", ANY):
                self._mixed(target, f"viper stores no {kind} through a pointer", [value])
        elif isinstance(target, ast.Attribute):
            self._value(target.value)

    def _truth(self, node: ast.expr) -> bool | None:
        """Of a condition that the compiler knows; None otherwise."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self._truth(node.operand)
            return None if inner is None else not inner
        if isinstance(node, ast.BoolOp):
            found = [self._truth(value) for value in node.values]
            known = isinstance(node.op, ast.And)
            return None if None in found else all(found) if known else any(found)
        if isinstance(node, ast.Constant):
            return bool(node.value)
        value = number(node, self._file.constant_values)
        return None if value is None else bool(value)

    def _value(self, node: ast.expr) -> str:
        """Passes an expression; its type."""
        constant = number(node, self._file.constant_values)
        if constant is not None:
            kind = "int" if SMALL_LOW <= constant <= SMALL_HIGH else "object"
        else:
            handler = getattr(self, f"_of_{type(node).__name__.lower()}", self._of_other)
            kind = handler(node)
        self._types[node] = kind
        return kind

    def _of_other(self, node: ast.expr) -> str:
        """Displays, strings and the like, whose parts may be anything."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._value(child)
        return "object"

    def _of_constant(self, node: ast.Constant) -> str:
        if node.value is None or isinstance(node.value, bool):
            return "None" if node.value is None else "bool"
        return "object"

    def _of_name(self, node: ast.Name) -> str:
        if node.id not in self._locals:
            return "object"
        if node.id not in self._names:
            self._names[node.id] = ANY
            if node.id in self._assigned:
                return self._refuse("unsupported", node,
                                    f"viper does not know yet what {node.id} is")
        return self._names[node.id]

    def _of_unaryop(self, node: ast.UnaryOp) -> str:
        if self._truth(node) is not None:
            return "bool"
        kind = self._value(node.operand)
        if kind in ("object", ANY) or (kind in ("int", "uint") and not isinstance(
                node.op, ast.Not)):
            return kind
        what = "not" if isinstance(node.op, ast.Not) else "sign"
        return self._refuse("unsupported", node, f"viper has no {what} for {kind}")

    def _of_binop(self, node: ast.BinOp) -> str:
        if all(number(part, self._file.constant_values) is not None
               for part in (node.left, node.right)):
            return ANY  # folded by some compilers, such as a power that is a float
        return self._operated(node, self._value(node.left), node.op, node.right)

    def _operated(self, node: ast.BinOp | ast.AugAssign, left: str, operator: ast.operator,
                  value: ast.expr) -> str:
        right = self._value(value)
        kind, fault = operated(left, operator, right)
        if fault is not None:
            first = node.left if isinstance(node, ast.BinOp) else node.target
            return self._fault(fault, node, [first, value])
        return kind

    def _of_compare(self, node: ast.Compare) -> str:
        kind, left = self._value(node.left), node.left
        result = ANY
        for operator, right in zip(node.ops, node.comparators, strict=True):
            second = self._value(right)
            result = self._compared(node, kind, operator, second, [left, right])
            kind, left = second, right
        return result

    def _compared(self, node: ast.AST, left: str, operator: ast.cmpop, right: str,
                  operands: list[ast.expr]) -> str:
        kind, fault = compared(left, operator, right)
        return kind if fault is None else self._fault(fault, node, operands)

    def _of_boolop(self, node: ast.BoolOp) -> str:
        values = [value for value in node.values[:-1]
                  if self._truth(value) is not isinstance(node.op, ast.And)]
        for value in values:
            if self._truth(value) is not None:
                return self._value(value)  # the compiler leaves out what follows
            self._convertible(value, self._value(value))
        return self._value(node.values[-1])

    def _of_ifexp(self, node: ast.IfExp) -> str:
        self._condition(node.test)
        self._value(node.body)
        return self._value(node.orelse)

    def _of_namedexpr(self, node: ast.NamedExpr) -> str:
        kind = self._value(node.value)
        self._store(node.target, kind, node.value)
        return kind

    def _of_call(self, node: ast.Call) -> str:
        cast = node.func.id if isinstance(node.func, ast.Name) and (
            node.func.id in TYPES - {"object"} and node.func.id not in self._locals) else ""
        if not cast and self._value(node.func) not in ("object", ANY):
            self._refuse("unsupported", node, "viper calls objects only")
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            self._value(argument)
        if cast and (len(node.args) != 1 or node.keywords):
            return self._refuse("unsupported", node, f"viper's {cast}() takes one value")
        return cast or "object"

    def _of_attribute(self, node: ast.Attribute) -> str:
        kind = self._value(node.value)
        if kind not in ("object", ANY):
            return self._refuse("unsupported", node, f"{kind} has no attributes in viper")
        return "object"

    def _of_subscript(self, node: ast.Subscript) -> str:
        base = self._value(node.value)
        self._index(node, base)
        return "int" if base in INDEXED else base if base == ANY else "object"

    def _index(self, node: ast.Subscript, base: str) -> None:
        if isinstance(node.slice, ast.Slice):
            ends = [node.slice.lower, node.slice.upper]
            if base in POINTERS:
                self._refuse("unsupported", node, "viper has no slices of pointers")
            elif any(end is None or self._value(end) not in ("object", ANY) for end in ends):
                self._refuse("unsupported", node, "ends of a slice are objects in viper")
            return
        kind = self._value(node.slice)
        if base in INDEXED and kind not in ("int", "uint", ANY):
            self._mixed(node, f"{kind} is no index of a pointer in viper", [node.slice])
        elif base not in ("object", ANY, *INDEXED):
            self._refuse("unsupported", node, f"viper reads no elements of {base}")

    def _of_dict(self, node: ast.Dict) -> str:
        for part in (*node.keys, *node.values):
            if part is not None and self._value(part) not in ("object", ANY):
                self._refuse("unsupported", part, "a dict display takes objects in viper")
        return "object"

    def _of_lambda(self, node: ast.Lambda) -> str:
        return "object"

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp
                       | ast.GeneratorExp) -> str:
        self._value(node.generators[0].iter)
        return "object"

    _of_listcomp = _of_setcomp = _of_dictcomp = _of_generatorexp = _comprehension

    def _never(self, node: ast.expr) -> str:
        return self._refuse("unsupported", node, "viper has no generators")

    _of_yield = _of_yieldfrom = _of_await = _never

    def _condition(self, node: ast.expr) -> None:
        """An expression that decides a jump: ``not``, ``and`` and ``or`` swap places there."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self._condition(node.operand)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                truth = self._truth(value)
                if truth is None:
                    self._condition(value)
                elif truth is not isinstance(node.op, ast.And):
                    break  # the compiler leaves out what follows
        else:
            self._convertible(node, self._value(node))

    def _convertible(self, node: ast.expr, kind: str) -> None:
        if kind in POINTERS:
            self._refuse("unsupported", node, f"{kind} is no condition in viper")

    def _fault(self, fault: tuple[Kind, str], node: ast.AST, operands: list[ast.expr]) -> str:
        kind, text = fault
        if kind == "mixed":
            return self._mixed(node, text, operands)
        return self._refuse(kind, node, text)

    def _mixed(self, node: ast.AST, text: str, operands: list[ast.expr]) -> str:
        wide = next(self._wide(operands), None)
        if wide is not None:
            return self._refuse("wide", wide, "a literal above 2**30 - 1 is an object in viper")
        return self._refuse("mixed", node, text)

    def _wide(self, operands: list[ast.expr]) -> Iterator[ast.expr]:
        for operand in operands:
            constant = number(operand, self._file.constant_values)
            if constant is not None and not SMALL_LOW <= constant <= SMALL_HIGH:
                yield operand

    def _refuse(self, kind: Kind, node: ast.AST, text: str) -> str:
        self.faults.append(Fault(kind, node, text))
        return ANY
