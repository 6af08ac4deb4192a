# SPDX-License-Identifier: MIT
"""Comments that tell the analysis what it cannot see.

``# puffer-edge: no-alloc`` above a function, or a decorator called no_alloc, marks it as free of
allocation. ``# range: EXPRESSION in [LOW, HIGH]`` declares the range of an integer for the function
that the comment is in or above, with the functions inside of it; outside of functions, for the
whole file. The expression is compared as text: a name, ``x[...]`` for any element of x, ``len(x)``,
or any other expression of the function. What is declared is taken for granted.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from puffer_edge.errors import FileFormatError
from puffer_edge.subset.facts.scopes import Function, Tree
from puffer_edge.subset.facts.source import Comment

MARK = re.compile(r"^puffer-edge:\s*no-alloc\b")
RANGE = re.compile(r"^range:\s*(?P<what>.+?)\s+in\s+\[(?P<low>[^,\]]+),(?P<high>[^,\]]+)\]")
Ranges = dict[str, tuple[int, int]]


class Declarations:
    """Those of one file.

    Args:
        tree: of the file.
        comments: of the file.
        path: of the file, for errors.

    Attributes:
        marked: functions that must not allocate.

    Raises:
        FileFormatError: a declaration cannot be understood.
    """

    def __init__(self, tree: Tree, comments: Sequence[Comment], path: str) -> None:
        self._parents = tree.parents
        self._path = path
        functions = [node for node in tree.nodes
                     if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        starts = {line: node for node in reversed(functions)
                  for line in (node.lineno, *(part.lineno for part in node.decorator_list))}
        self.marked: list[Function] = [node for node in functions if any(
            _last_name(decorator) == "no_alloc" for decorator in node.decorator_list)]
        self._ranges: dict[ast.AST, Ranges] = {}
        alone = {comment.line for comment in comments if comment.alone}
        for comment in comments:
            owner: ast.AST = starts.get(comment.line, tree.module)
            if comment.alone:
                below = comment.line
                while below in alone:
                    below += 1
                owner = starts.get(below, owner)
            if MARK.match(comment.text):
                if isinstance(owner, ast.Module):
                    raise FileFormatError("no function follows on 'puffer-edge: no-alloc'",
                                          where=f"{path}:{comment.line}")
                if owner not in self.marked:
                    self.marked.append(owner)  # type: ignore[arg-type]
            elif comment.text.startswith("range:"):
                if isinstance(owner, ast.Module):
                    owner = self._around(comment.line, functions) or owner
                self._declare(owner, comment.text, comment.line)

    def ranges(self, function: ast.AST | None) -> Ranges:
        """What is declared in a function and in everything around it."""
        found: Ranges = {}
        while function is not None:
            for key, bounds in self._ranges.get(function, {}).items():
                found.setdefault(key, bounds)
            function = self._parents.get(function)
        return found

    def _around(self, line: int, functions: list[Function]) -> Function | None:
        """The innermost function that a line is in."""
        inside = [node for node in functions if node.lineno <= line <= (node.end_lineno or 0)]
        return inside[-1] if inside else None

    def _declare(self, owner: ast.AST, text: str, line: int) -> None:
        found = RANGE.match(text)
        try:
            if found is None:
                raise ValueError
            what = ast.unparse(ast.parse(found["what"].strip(), mode="eval"))
            low, high = _number(found["low"]), _number(found["high"])
            if low > high:
                raise ValueError
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise FileFormatError(
                f"{text!r} is not '# range: EXPRESSION in [LOW, HIGH]'",
                where=f"{self._path}:{line}") from None
        self._ranges.setdefault(owner, {})[what] = (low, high)


def _last_name(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _number(text: str) -> int:
    """An integer, with - + * ** << between constants.

    Raises:
        ValueError: it is something else.
    """
    def value(node: ast.expr) -> int:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -value(node.operand)
        if isinstance(node, ast.BinOp):
            left, right = value(node.left), value(node.right)
            if isinstance(node.op, ast.Add):
                return left + right
            if isinstance(node.op, ast.Sub):
                return left - right
            if isinstance(node.op, ast.Mult):
                return left * right
            if isinstance(node.op, ast.Pow | ast.LShift) and 0 <= right <= 64 and abs(left) < 1024:
                return int(left**right) if isinstance(node.op, ast.Pow) else left << right
        raise ValueError

    return value(ast.parse(text.strip(), mode="eval").body)
