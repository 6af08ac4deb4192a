# SPDX-License-Identifier: MIT
"""Which small changes a source file has room for."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard


@dataclass(frozen=True)
class Mutation:
    """One replaced piece of text.

    Attributes:
        path: of the file, from the top of the tree.
        line: its number, from 1.
        column: where the piece begins, in characters from 0.
        before, after: the piece.
    """

    path: str
    line: int
    column: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before} -> {self.after}"

    def applied(self, text: str) -> str:
        """The text of the file with the change."""
        lines = text.split("\n")
        line = lines[self.line - 1]
        end = self.column + len(self.before)
        assert line[self.column : end] == self.before
        lines[self.line - 1] = line[: self.column] + self.after + line[end:]
        return "\n".join(lines)


OPERATORS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "+": "-", "-": "+",
    "*": "+", "//": "*", "/": "*", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "&&": "||",
    "||": "&&", "+=": "-=", "-=": "+=", "and": "or", "or": "and", "in": "not in",
    "not in": "in", "True": "False", "False": "True", "min": "max", "max": "min",
}
"""What stands for what; each is a mistake that somebody makes."""
_C_TOKEN = re.compile(
    r"(?P<skip>//[^\n]*|\"(?:\\.|[^\"\n])*\"|'(?:\\.|[^'\n])*')"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<number>0[xX][\da-fA-F.]+(?:[pP][-+]?\d+)?\w*"
    r"|\d\w*(?:\.\w*)?(?:(?<=[eE])[-+]\d+\w*)?)"
    r"|(?P<operator><<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/&|<>]=?)")


def mutations(root: Path, path: str) -> list[Mutation]:
    """Every mutation of a file, in its order."""
    text = (root / path).read_text(encoding="utf-8")
    found = _python(path, text) if path.endswith(".py") else _c(path, text)
    return sorted(found, key=lambda mutation: (mutation.line, mutation.column))


def _python(path: str, text: str) -> Iterator[Mutation]:
    """By the syntax: never in an annotation, a docstring or an error's words."""
    live = _live(ast.parse(text))
    last = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        at, word, before = token.start, token.string, last
        last = word
        if at not in live or before == "not":  # of "not in" the second half
            continue
        if token.type == tokenize.NUMBER:
            yield Mutation(path, *at, word, _other(word))
        elif word in OPERATORS:
            yield Mutation(path, *at, word, OPERATORS[word])


def _live(tree: ast.Module) -> set[tuple[int, int]]:
    """Where tokens that compute begin: operators, numbers, truth values, min and max."""
    live: set[tuple[int, int]] = set()

    def between(left: ast.expr, right: ast.expr) -> None:
        assert left.end_lineno is not None and left.end_col_offset is not None
        for line in range(left.end_lineno, right.lineno + 1):
            first = left.end_col_offset if line == left.end_lineno else 0
            last = right.col_offset if line == right.lineno else 400
            live.update((line, column) for column in range(first, last))

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Expr)
                                           and isinstance(node.value, ast.Constant)):
            return
        if isinstance(node, ast.BinOp):
            between(node.left, node.right)
        elif isinstance(node, ast.BoolOp):
            for left, right in zip(node.values, node.values[1:], strict=False):
                between(left, right)
        elif isinstance(node, ast.Compare):
            for left, right in zip([node.left, *node.comparators], node.comparators, strict=False):
                between(left, right)
        elif isinstance(node, ast.AugAssign):
            between(node.target, node.value)
        elif _is_small(node):
            live.add((node.lineno, node.col_offset))
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    visit(child)

    visit(tree)
    return live


def _is_small(node: ast.AST) -> TypeGuard[ast.expr]:
    """Whether it is a sign, a number, a truth value, or the smaller or larger of something."""
    return (isinstance(node, ast.UnaryOp)
            or (isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float))
            or (isinstance(node, ast.Name) and node.id in ("min", "max")))


def _c(path: str, text: str) -> Iterator[Mutation]:
    """By the tokens, outside of comments and of directives."""
    commented = re.sub(r"/\*.*?\*/", lambda found: re.sub(r"[^\n]", " ", found[0]), text,
                       flags=re.DOTALL)
    for number, line in enumerate(commented.split("\n"), 1):
        if re.match(r"\s*#|\s*\{%", line) or "__asm__" in line:
            continue
        for token in _C_TOKEN.finditer(line):
            word, at = token[0], (number, token.start())
            spaced = line[: token.start()].endswith(" ") and line[token.end():].startswith(" ")
            if token["number"]:
                yield Mutation(path, *at, word, _other(word))
            elif token["operator"] and word in OPERATORS and spaced:  # no pointer, no sign
                yield Mutation(path, *at, word, OPERATORS[word])


def _other(number: str) -> str:
    """Another number: one more, or for a fraction twice as much."""
    digits = re.match(r"0[xX][0-9a-fA-F_]+|[0-9_]+(?![\w.])|[0-9_]+(?=[uUlL]+$)", number)
    if digits and digits.end() + len(number[digits.end():].strip("uUlL")) == digits.end():
        return f"{int(digits[0].replace('_', ''), 0) + 1}{number[digits.end():]}"
    return f"(2 * {number})"
