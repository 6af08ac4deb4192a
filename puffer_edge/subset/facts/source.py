# SPDX-License-Identifier: MIT
"""Reads and parses a file of a stranger; whatever it holds, the result is a tree or one message."""

from __future__ import annotations

import ast
import io
import itertools
import os
import re
import stat
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path

from puffer_edge.errors import FileFormatError
from puffer_edge.subset.facts.grammar import repaired

LARGEST = 4 << 20
"""Bytes; a file that is larger is data, and no microcontroller would compile it."""
LONGEST_NUMBER = 10_000
"""Bits of a literal; above some 14,000, the 4,300 digits of decimal ones, Python prints none."""
_LONG_NUMBER = re.compile(f"0[xXoObB][0-9a-fA-F_]{{{LONGEST_NUMBER // 4}}}")


@dataclass(frozen=True)
class Comment:
    """A comment.

    Attributes:
        line: from 1.
        text: without the number sign, stripped.
        alone: nothing but the comment is on the line.
    """

    line: int
    text: str
    alone: bool


@dataclass(frozen=True)
class Source:
    """A parsed file.

    Attributes:
        path: as the user named it.
        text: the content.
        tree: its syntax tree.
    """

    path: str
    text: str
    tree: ast.Module

    def comments(self) -> list[Comment]:
        """Those of our kind: noqa, puffer-edge and range."""
        if not any(mark in self.text for mark in ("noqa", "puffer-edge:", "range:")):
            return []
        found = []
        try:
            for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
                if token.type == tokenize.COMMENT:
                    before = token.line[: token.start[1]]
                    found.append(Comment(token.start[0], token.string.lstrip("#").strip(),
                                         not before.strip()))
        except (tokenize.TokenError, SyntaxError):  # what the parser took is enough
            pass
        return found


def read(path: Path) -> str:
    """The text of a file.

    Raises:
        FileFormatError: it is no regular file, unreadable, too large, or not UTF-8.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FileFormatError("is not a regular file", where=str(path))
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise FileFormatError(f"cannot be read: {error.strerror or error}",
                              where=str(path)) from error
    except ValueError as error:
        raise FileFormatError(f"cannot be read: {error}", where=repr(str(path))) from error
    if len(data) > LARGEST:
        raise FileFormatError(f"is larger than {LARGEST >> 20} MB", where=str(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError("is not UTF-8, the only encoding that MicroPython reads "
                              f"(byte {error.start})", where=str(path)) from None


def parse(path: str, text: str) -> Source:
    """Parses, executes nothing.

    Raises:
        FileFormatError: it is not Python, or is nested too deeply.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _tree(text.removeprefix("\ufeff"))
    except SyntaxError as error:
        where = f"{path}:{error.lineno or 1}:{error.offset or 1}"
        raise FileFormatError(f"is not Python: {error.msg}", where=where) from None
    except ValueError as error:
        raise FileFormatError(f"is not Python: {error}", where=path) from None
    except (RecursionError, MemoryError):
        raise FileFormatError("is nested too deeply", where=path) from None
    if _LONG_NUMBER.search(text):
        _refuse_long_numbers(path, tree)
    return Source(path, text, tree)


def _tree(text: str) -> ast.Module:
    """The syntax tree of a text, by MicroPython's grammar where the host's is narrower.

    Raises:
        SyntaxError: neither takes it; it is the host's of the text as it is.
    """
    first: SyntaxError | None = None
    for attempt in itertools.count():
        try:
            return ast.parse(text)
        except SyntaxError as error:
            first = first or error
            other = repaired(text, error, attempt)
            if other is None:
                raise first from None
            text = other
    raise AssertionError


def _refuse_long_numbers(path: str, tree: ast.Module) -> None:
    """Refuses what Python refuses in decimal digits, and cannot print."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.Constant) and isinstance(node.value, int)
                and node.value.bit_length() > LONGEST_NUMBER):
            raise FileFormatError(
                f"holds an integer of {node.value.bit_length():,} bits, more than "
                f"{LONGEST_NUMBER:,}", where=f"{path}:{node.lineno}:{node.col_offset + 1}")
