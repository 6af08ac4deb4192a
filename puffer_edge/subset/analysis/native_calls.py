# SPDX-License-Identifier: MIT
"""What calls of built-in and other native functions give back."""

from __future__ import annotations

import ast

from puffer_edge.subset.analysis import natives
from puffer_edge.subset.analysis.arithmetic import absolute, binary
from puffer_edge.subset.analysis.values import (
    FLOAT,
    INT,
    LONGEST,
    UNKNOWN,
    Value,
    integer,
    union,
)
from puffer_edge.subset.facts.file import File

CONSTRUCTORS = {"str", "bytes", "bytearray", "list", "tuple", "dict", "set", "memoryview", "range"}


def native_call(name: str, arguments: tuple[Value, ...], node: ast.Call, file: File) -> Value:
    """What a call of a native function gives back.

    Args:
        name: of the function, dotted.
        arguments: positional ones.
        node: the call.
        file: that it is in.
    """
    short = name.removeprefix("builtins.")
    first = arguments[0] if arguments else UNKNOWN
    if short == "len":
        return integer(*first.length)
    if short == "pow" and len(arguments) == 2:
        return binary(ast.Pow(), first, arguments[1])
    if short == "abs":
        return absolute(first)
    if short in ("min", "max") and len(arguments) > 1:
        if not all(argument.is_int for argument in arguments):
            return union(arguments)
        pick = min if short == "min" else max
        return integer(pick(a.low for a in arguments), pick(a.high for a in arguments))
    if short == "range" and 1 <= len(arguments) <= 3:
        return _range(arguments)
    if short == "int" or (short == "round" and len(arguments) == 1):
        return first if first.is_int else INT
    if short == "float" or (short == "round" and first.kind == "float"):
        return FLOAT
    if short in ("min", "max", "sum"):
        return first.any_element() if short != "sum" else UNKNOWN
    if short == "array.array" and node.args and isinstance(node.args[0], ast.Constant):
        code = str(node.args[0].value)
        size = arguments[1].length if len(arguments) > 1 else (0, 0)
        if len(arguments) > 1 and arguments[1].kind in ("bytes", "bytearray"):
            width = {"b": 1, "B": 1, "h": 2, "H": 2, "q": 8, "Q": 8, "d": 8}.get(code, 4)
            size = (size[0] // width, size[1] // width)
        elif len(arguments) > 1 and arguments[1].kind not in ("list", "tuple"):
            size = (0, LONGEST)
        return Value("array", code=code, length=_fixed(node, size, file))
    if short in CONSTRUCTORS:
        return _constructed(short, first, file, node)
    if short == "micropython.const" or short == "const":
        return first
    if short in ("getattr", "next"):
        return UNKNOWN
    if file.names.scope(name) is not None and "." in short:
        return Value("instance", name=name)
    return natives.result(name)


def _range(arguments: tuple[Value, ...]) -> Value:
    start, stop, step = integer(0, 0), arguments[0], integer(1, 1)
    if len(arguments) > 1:
        start, stop = arguments[:2]
    if len(arguments) > 2:
        step = arguments[2]
    return Value("range", items=(start, stop, step))


def _constructed(kind: str, first: Value, file: File, node: ast.Call) -> Value:
    if kind == "memoryview":
        return Value(kind, code=first.code, element=first.any_element(), length=first.length)
    if kind in ("bytes", "bytearray"):
        size = (int(max(0, first.low)), int(min(LONGEST, first.high))) if (
            first.bounded) else first.length if first.kind != "unknown" else (0, LONGEST)
        return Value(kind, length=_fixed(node, size, file))
    if kind in ("tuple", "list"):
        items = first.items if first.kind in ("list", "tuple", "generator") else None
        return Value(kind, items=items, length=first.length)
    return Value(kind)


def _fixed(call: ast.Call, size: tuple[int, int], file: File) -> tuple[int, int]:
    """The length of a new array, unless it may grow later."""
    return (0, LONGEST) if file.grows(call) else size


def plain(dotted: str) -> str:
    """utime.sleep is time.sleep."""
    module, dot, name = dotted.partition(".")
    old = module.startswith("u") and module[1:] in _OLD
    return f"{module[1:] if old else module}{dot}{name}"


_OLD = {"array", "struct", "time", "os", "sys", "io", "json", "re", "random", "collections",
        "binascii", "machine", "asyncio", "select", "socket", "ssl", "errno", "hashlib", "zlib"}
