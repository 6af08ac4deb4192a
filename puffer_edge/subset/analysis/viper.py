# SPDX-License-Identifier: MIT
"""The types of viper: what every expression of a @micropython.viper function is, natively.

The compiler knows int, uint, bool and pointers; everything else is an object, and the two do not
mix. A local variable has the type of what is assigned to it first, in the order of the source. An
annotation of a local variable says nothing. tests/subset/test_machine_code.py holds this against
mpy-cross.
"""

from __future__ import annotations

import ast

from puffer_edge.subset.analysis.viper_expressions import Expressions
from puffer_edge.subset.analysis.viper_types import ANY, annotated, operated
from puffer_edge.subset.facts.constants import number
from puffer_edge.subset.facts.file import File


def is_viper(node: ast.AST, file: File) -> bool:
    """Whether a function is compiled by viper."""
    return isinstance(node, ast.FunctionDef) and any(
        file.dotted(decorator) == "micropython.viper" or ast.unparse(decorator)
        == "micropython.viper" for decorator in node.decorator_list)


class Types(Expressions):
    """Follows one function in the order of its source, as the compiler does.

    Args:
        function: compiled by viper.
        file: that it is in.
    """

    def __init__(self, function: ast.FunctionDef, file: File) -> None:
        super().__init__(function, file)
        self._result = annotated(function.returns)
        self._block(function.body)

    def _block(self, body: list[ast.stmt]) -> None:
        for statement in body:
            handler = getattr(self, f"_on_{type(statement).__name__.lower()}", None)
            if handler is not None:
                handler(statement)
            else:
                for child in ast.iter_child_nodes(statement):
                    if isinstance(child, ast.expr):
                        self._value(child)

    def _on_assign(self, node: ast.Assign) -> None:
        count = len(node.value.elts) if isinstance(node.value, ast.Tuple) else 0
        target = node.targets[0]
        if (len(node.targets) == 1 and isinstance(target, ast.Tuple) and count in (2, 3)
                and len(target.elts) == count and isinstance(node.value, ast.Tuple)
                and not any(isinstance(part, ast.Starred)
                            for part in (*target.elts, *node.value.elts))):
            found = [self._value(value) for value in node.value.elts]  # no tuple is made
            for part, kind in zip(target.elts, found, strict=True):
                self._store(part, kind, node.value)
            return
        kind = self._value(node.value)
        for target in node.targets:
            self._store(target, kind, node.value)

    def _on_annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._store(node.target, self._value(node.value), node.value)

    def _on_augassign(self, node: ast.AugAssign) -> None:
        left = self._value(node.target)
        kind = self._operated(node, left, node.op, node.value)
        if isinstance(node.target, ast.Name):
            self._store(node.target, kind, node.value)

    def _on_for(self, node: ast.For) -> None:
        call = node.iter
        if (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
                and call.func.id == "range" and 1 <= len(call.args) <= 3 and not call.keywords
                and isinstance(node.target, ast.Name) and self._steps(call)):
            found = [self._value(argument) for argument in call.args[:2]]
            start = found[0] if len(found) > 1 else "int"
            self._store(node.target, start, call.args[0])
            self._types[call] = self._compared(call, start, ast.Lt(), found[-1], call.args)
            step = self._value(call.args[2]) if len(call.args) > 2 else "int"
            if self.of(call) != ANY and operated(start, ast.Add(), step)[1] is not None:
                self._mixed(call, f"viper does not count {start} by {step}", [])
        else:
            if self._value(call) not in ("object", ANY):
                self._refuse("unsupported", call, "viper iterates over objects only")
            self._store(node.target, "object", call)
        self._block(node.body)
        self._block(node.orelse)

    def _steps(self, call: ast.Call) -> bool:
        """Whether the step of a range is a number, so that a loop is made without an iterator."""
        return len(call.args) < 3 or bool(number(call.args[2], self._file.constant_values))

    def _on_while(self, node: ast.While | ast.If) -> None:
        truth = self._truth(node.test)
        if truth is None:
            self._condition(node.test)
        if truth is not False:  # else the compiler leaves it out
            self._block(node.body)
        if truth is not True:
            self._block(node.orelse)

    _on_if = _on_while

    def _on_assert(self, node: ast.Assert) -> None:
        self._condition(node.test)
        if node.msg is not None:
            self._value(node.msg)

    def _on_return(self, node: ast.Return) -> None:
        if node.value is not None:
            self._returned(node.value)

    def _returned(self, value: ast.expr) -> None:
        if isinstance(value, ast.IfExp):  # a return in each branch
            self._condition(value.test)
            self._returned(value.body)
            self._returned(value.orelse)
            return
        found = self._value(value)
        if found not in (self._result, "None", ANY):
            self._mixed(value, f"the function gives back {self._result}, this is {found}", [value])

    def _on_raise(self, node: ast.Raise) -> None:
        if node.exc is not None and self._value(node.exc) not in ("object", ANY):
            self._refuse("unsupported", node, "viper raises objects only")

    def _on_with(self, node: ast.With) -> None:
        for item in node.items:
            if self._value(item.context_expr) not in ("object", ANY):
                self._refuse("unsupported", item.context_expr, "viper enters objects only")
            if item.optional_vars is not None:
                self._store(item.optional_vars, "object", item.context_expr)
        self._block(node.body)

    def _on_try(self, node: ast.Try) -> None:
        self._block(node.body)
        for handler in node.handlers:
            if handler.name:
                self._refuse("unsupported", handler, "viper cannot forget the name of an exception")
                self._names.setdefault(handler.name, "object")
            self._block(handler.body)
        self._block(node.orelse)
        self._block(node.finalbody)

    def _on_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._refuse("unsupported", target, "viper cannot delete a variable")

    def _on_functiondef(self, node: ast.FunctionDef) -> None:
        self._names.setdefault(node.name, "object")

    def _on_classdef(self, node: ast.ClassDef) -> None:
        self._names.setdefault(node.name, "object")

    def _on_import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self._names.setdefault(alias.asname or alias.name.partition(".")[0], "object")

    _on_importfrom = _on_import
