# SPDX-License-Identifier: MIT
"""The instructions of @micropython.asm_thumb: where an immediate goes, and how large it may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator

MASKS = {("mov", 2): 0xFF, ("cmp", 2): 0xFF, ("add", 2): 0xFF, ("sub", 2): 0xFF, ("add", 3): 7,
         ("sub", 3): 7, ("movw", 2): 0xFFFF, ("movt", 2): 0xFFFF, ("lsl", 3): 31, ("lsr", 3): 31,
         ("asr", 3): 31}
OFFSETS = {"ldr": 0x7C, "str": 0x7C, "ldrb": 0x1F, "strb": 0x1F, "ldrh": 0x3E, "strh": 0x3E}
NOT_ON_ARMV6M = {"movw", "movwt", "movt", "clz", "rbit", "sdiv", "udiv", "ldrex", "strex",
                 "mrs"}
JUMPS = {"b", "bl", "beq", "bne", "bcs", "bcc", "bmi", "bpl", "bvs", "bvc", "bhi", "bls", "bge",
         "blt", "bgt", "ble"}


def is_thumb(node: ast.AST) -> bool:
    """Whether a function is inline assembly for Thumb."""
    return isinstance(node, ast.FunctionDef) and any(
        ast.unparse(decorator) in ("micropython.asm_thumb", "asm_thumb")
        for decorator in node.decorator_list)


def instructions(function: ast.FunctionDef) -> Iterator[ast.Call]:
    """The instructions of a function."""
    for statement in function.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            yield statement.value


def immediate(node: ast.expr) -> int | None:
    """A number that is written out."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if type(value) is int else None


def name(call: ast.Call) -> str:
    """The instruction."""
    return call.func.id.rstrip("_") if isinstance(call.func, ast.Name) else ""
