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

from tests.mutants.clamps import is_clamp


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
        return f"{self.path}:{self.line}:{self.column + 1}: {self.before} -> {self.after}"

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
    """By the syntax: never in an annotation, a docstring, an error's words or an assertion."""
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
    clamps = {node.test for node in ast.walk(tree)
              if isinstance(node, ast.If | ast.IfExp) and is_clamp(node)}

    def between(left: ast.expr, right: ast.expr) -> None:
        assert left.end_lineno is not None and left.end_col_offset is not None
        for line in range(left.end_lineno, right.lineno + 1):
            first = left.end_col_offset if line == left.end_lineno else 0
            last = right.col_offset if line == right.lineno else 400
            live.update((line, column) for column in range(first, last))

    def visit(node: ast.AST) -> None:
        if _is_mute(node):
            return
        if isinstance(node, ast.BinOp):
            if not _is_of_types(node) and not any(map(_is_display, (node.left, node.right))):
                between(node.left, node.right)
        elif isinstance(node, ast.BoolOp):
            for left, right in zip(node.values, node.values[1:], strict=False):
                between(left, right)
        elif isinstance(node, ast.Compare) and node not in clamps:
            for left, right in zip([node.left, *node.comparators], node.comparators, strict=False):
                between(left, right)
        elif isinstance(node, ast.AugAssign):
            if not _is_display(node.value):
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
    return live - {at for node in ast.walk(tree) for at in _rests(node)}


def _rests(node: ast.AST) -> Iterator[tuple[int, int]]:
    """Where the 1 of ``reshape(-1)`` is: numpy takes -2 the same way, as the size that is left."""
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "reshape":
        for size in [each for part in node.args for each in getattr(part, "elts", [part])]:
            if isinstance(size, ast.UnaryOp) and isinstance(size.op, ast.USub):
                yield size.operand.lineno, size.operand.col_offset


UNSEEN = {"strict", "timeout", "stacklevel", "indent", "exist_ok", "missing_ok", "parents", "copy",
          "repr", "compare"}
"""Arguments that say how, not what: no result depends on them."""


def _is_mute(node: ast.AST) -> bool:
    """Whether nothing in it computes: words, errors, what is only checked, names of types."""
    if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.keyword):
        return node.arg in UNSEEN
    if isinstance(node, ast.Compare):
        return isinstance(node.left, ast.Name) and node.left.id == "__name__"
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return bool(re.search(r"(Error|Warning)$", name)) or name in ("NewType", "TypeVar")
    return False


def _is_of_types(node: ast.BinOp) -> bool:
    """Whether it is ``Slice | Expand``, or ``Array | None``: no computation."""
    right = node.right
    name = getattr(right, "attr", getattr(right, "id", ""))
    return isinstance(node.op, ast.BitOr) and (
        bool(re.match(r"_?[A-Z]\w*[a-z]", name)) or name in ("str", "int", "float", "bytes")
        or (isinstance(right, ast.Constant) and right.value is None)
        or isinstance(right, ast.Subscript))


def _is_display(node: ast.expr) -> bool:
    """Whether it is a list, a text and so on: another operator is found at once, by its types."""
    return isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict | ast.ListComp | ast.SetComp
                      | ast.DictComp | ast.GeneratorExp | ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _is_small(node: ast.AST) -> TypeGuard[ast.expr]:
    """Whether it is a sign, a number, a truth value, or the smaller or larger of something."""
    return (isinstance(node, ast.UnaryOp)
            or (isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float))
            or (isinstance(node, ast.Name) and node.id in ("min", "max")))


_ARRAY = re.compile(r"\s*(?:static )?(?:const )?(?!return\b)(?:\w+|\}) (?:\w+, )*"
                    r"(?:\w+(?:\[[^]]*\])+(?: PUFFER_EDGE_FLASH)?(?:, | = .*|;)?)+$")
"""A declaration of arrays: longer ones change nothing."""


def _c(path: str, text: str) -> Iterator[Mutation]:
    """By the tokens, outside of comments and of directives."""
    commented = re.sub(r"/\*.*?\*/", lambda found: re.sub(r"[^\n]", " ", found[0]), text,
                       flags=re.DOTALL)
    for number, line in enumerate(commented.split("\n"), 1):
        if re.match(r"\s*#|\s*\{%", line) or "__asm__" in line:
            continue
        declared = _ARRAY.match(line)
        for token in _C_TOKEN.finditer(line):
            word, at = token[0], (number, token.start())
            if declared and token.start() < (line + " =").index(" ="):
                continue
            spaced = line[: token.start()].endswith(" ") and line[token.end():].startswith(" ")
            if token["number"]:
                yield Mutation(path, *at, word, _other(word))
            elif token["operator"] and word in OPERATORS and spaced:  # no pointer, no sign
                yield Mutation(path, *at, word, OPERATORS[word])


def _other(number: str) -> str:
    """Another number: one more, or for a fraction twice as much."""
    if re.fullmatch(r"0?\.0*[fF]?", number):
        return number.replace("0.", "1.", 1) if number.startswith("0") else f"1{number}"
    digits = re.match(r"0[xX][0-9a-fA-F_]+|[0-9_]+(?![\w.])|[0-9_]+(?=[uUlL]+$)", number)
    if digits and digits.end() + len(number[digits.end():].strip("uUlL")) == digits.end():
        return f"{int(digits[0].replace('_', ''), 0) + 1}{number[digits.end():]}"
    return f"(2 * {number})"
