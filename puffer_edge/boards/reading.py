# SPDX-License-Identifier: MIT
"""A board's TOML file -> :class:`Board`, or one error that says which key is wrong, and how."""

from __future__ import annotations

import re
import sys
import types
import typing
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union

from puffer_edge.boards.board import Board
from puffer_edge.errors import FileFormatError

LARGEST_FILE = 1 << 16
LARGEST = 1 << 40
"""Of a number: no clock, address or size comes near."""
NAME = re.compile(r"[a-z0-9][a-z0-9.:+-]*")
IN_FILES = re.compile(r"[\w./:=@-]{1,100}", re.ASCII)
"""What goes into files of a framework as it is."""
SAFE = re.compile(r"[ -~]{1,300}")
"""What is printed and goes into generated files: ASCII without control characters."""


def read_board(path: Path) -> Board:
    """The board that a file describes; its name is the file's.

    Raises:
        FileFormatError: the file cannot be read, is no TOML, has a key that is not known, lacks
            one, or has a value that cannot be.
    """
    return parse_board(_text(path), path.stem, str(path))


def parse_board(text: str, name: str, where: str) -> Board:
    """The same, of a file's text."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        plain: Any = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"this is not TOML: {error}", where=where) from None
    if "name" in plain:
        raise FileFormatError("a board's name is the file's, so name is no key", where=where)
    board: Board = _object({"name": name, **plain}, Board, "", where)
    _check(board, where)
    return board


def _text(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FileFormatError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if len(content) > LARGEST_FILE:
        raise FileFormatError("is too large for a board's file", where=str(path))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError("is not UTF-8", where=str(path)) from error


def _object(plain: Any, kind: Any, table: str, where: str) -> Any:
    what = f"[{table}]" if table else "the file"
    if not isinstance(plain, dict):
        raise FileFormatError(f"{table} is no table", where=where)
    known = {_key(field.name): field for field in fields(kind)}
    if more := [key for key in plain if key not in known]:
        raise FileFormatError(f"{what} has no key {more[0]!a:.60}", where=where,
                              hint=f"keys: {', '.join(known)}")
    hints, values = typing.get_type_hints(kind), {}
    for key, field in known.items():
        if key in plain:
            at = f"{table}.{key}" if table else key
            values[field.name] = _value(plain[key], hints[field.name], at, where)
        elif field.default is MISSING:
            raise FileFormatError(f"{what} lacks {key}", where=where)
    return kind(**values)


def _value(plain: Any, kind: Any, key: str, where: str) -> Any:
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):  # a table that may be missing
        return _value(plain, parts[0], key, where)
    if is_dataclass(kind):
        return _object(plain, kind, key, where)
    if origin is tuple:
        if not isinstance(plain, list):
            raise FileFormatError(f"{key} is no list", where=where)
        return tuple(_value(each, parts[0], key, where) for each in plain)
    if origin is Literal:
        if plain in parts:
            return plain
        raise FileFormatError(f"{key} is {plain!a:.60}", where=where,
                              hint=f"one of {', '.join(parts)}")
    if type(plain) is not kind:
        raise FileFormatError(f"{key} is {plain!a:.60}, not of the type {kind.__name__}",
                              where=where)
    if kind is int and not 0 <= plain <= LARGEST:
        raise FileFormatError(f"{key} is {plain!a:.60}, which is out of range", where=where)
    if kind is str and plain and not SAFE.fullmatch(plain):
        raise FileFormatError(f"{key} is longer than 300 characters, or has others than ASCII's",
                              where=where)
    return plain


def _check(board: Board, where: str) -> None:
    """What must be true of the numbers together."""
    def refuse(what: str) -> None:
        raise FileFormatError(what, where=where)

    for name in (board.name, *board.aliases):
        if not NAME.fullmatch(name):
            refuse(f"{name!a:.60} is no name of a board: small letters, digits and - . : +")
    if not board.core.clock:
        refuse("core.clock is 0")
    for table in ("core", "flash", "ram", "fetch"):
        each: Any = getattr(board, table)
        if each is not None and not each.source:
            refuse(f"{table}.source is empty: every number has one")
    for table, memory in (("flash", board.flash), ("ram", board.ram)):
        if memory.left > memory.size:
            refuse(f"{table}.left is more than {table}.size")
        if memory.linked > memory.size:
            refuse(f"{table}.linked is more than {table}.size")
    if board.fetch is not None and board.fetch.line & (board.fetch.line - 1):
        refuse("fetch.line is no power of two")
    for framework, name in asdict(board.names).items() if board.names else ():
        if name and not IN_FILES.fullmatch(name):
            refuse(f"names.{framework} is {name!a:.60}, which no framework calls a board")
    if board.micropython is not None and not board.micropython.grades:
        refuse("micropython.grades is empty")


def _key(field: str) -> str:
    """A field's name in the file: a table's has - for _."""
    return field.replace("_", "-")
