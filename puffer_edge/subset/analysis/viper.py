"""The types of viper: what every expression of a @micropython.viper function is, natively.

The compiler knows int, uint, bool and pointers; everything else is an object, and the two do not
mix. A local variable has the type of what is assigned to it first.
"""

from __future__ import annotations

import ast

from puffer_edge.subset.analysis.flow import own_nodes
from puffer_edge.subset.analysis.values import SMALL_HIGH
from puffer_edge.subset.facts.file import File

POINTERS = {"ptr", "ptr8", "ptr16", "ptr32"}
NATIVE = {"int", "uint"}
TYPES = {"object", "bool", *NATIVE, *POINTERS}


def is_viper(node: ast.AST, file: File) -> bool:
    """Whether a function is compiled by viper."""
    return isinstance(node, ast.FunctionDef) and any(
        file.dotted(decorator) == "micropython.viper" or ast.unparse(decorator)
        == "micropython.viper" for decorator in node.decorator_list)


class Types:
    """Types of the expressions of one function.

    Args:
        function: compiled by viper.
    """

    def __init__(self, function: ast.FunctionDef) -> None:
        self.function = function
        self.nodes = own_nodes(function.body)
        arguments = function.args
        self._names: dict[str, str] = {
            argument.arg: annotated(argument.annotation)
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        for node in self.nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self._names.setdefault(target.id, self.of(node.value))
            elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
                ranged = isinstance(node.iter, ast.Call) and ast.unparse(node.iter.func) == "range"
                self._names.setdefault(node.target.id, "int" if ranged else "object")
        self.result = annotated(function.returns)

    def of(self, node: ast.expr) -> str:
        """The type of an expression."""
        if isinstance(node, ast.Constant):
            if node.value is None or isinstance(node.value, bool):
                return "None" if node.value is None else "bool"
            return "int" if type(node.value) is int and node.value <= SMALL_HIGH else "object"
        if isinstance(node, ast.Name):
            return self._names.get(node.id, "object")
        if isinstance(node, ast.UnaryOp):
            return "bool" if isinstance(node.op, ast.Not) else self.of(node.operand)
        if isinstance(node, ast.BinOp):
            return self.of(node.left)
        if isinstance(node, ast.Compare):
            return "bool" if self.of(node.left) in NATIVE else "object"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and (
                node.func.id in TYPES):
            return node.func.id
        if isinstance(node, ast.Subscript):
            return "int" if self.of(node.value) in POINTERS else "object"
        if isinstance(node, ast.IfExp):
            return self.of(node.body)
        return self.of(node.values[0]) if isinstance(node, ast.BoolOp) else "object"

    def of_name(self, name: str) -> str:
        """The type of a local variable."""
        return self._names.get(name, "object")


def annotated(annotation: ast.expr | None) -> str:
    """The type that an annotation names; object without one."""
    known = isinstance(annotation, ast.Name) and annotation.id in TYPES
    return annotation.id if known and isinstance(annotation, ast.Name) else "object"
