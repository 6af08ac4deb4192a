# SPDX-License-Identifier: MIT
"""Viper's arithmetic on a 32-bit port, for kernels that run under CPython.

From MicroPython's documentation ("The Viper code emitter") and from runs on Cortex-M4 and RV32:
``int`` is a machine word of 32 bits that wraps, compares signed and shifts right arithmetically;
``ptr8`` and ``ptr16`` read without a sign, ``ptr32`` reads a word; stores keep the low bits;
literals beyond 2^30 - 1 are objects, not words. What differs from core to core is an error here:
shifts by 32 or more, and addresses that are not aligned.
"""

from __future__ import annotations

import ast
from array import array
from collections.abc import Callable, Iterator
from functools import total_ordering
from typing import Any


class UndefinedError(Exception):
    """Something that viper does not do, or not the same on every core."""


@total_ordering
class Word:
    """A signed machine word."""

    def __init__(self, value: Any) -> None:
        plain = value.address if isinstance(value, Pointer) else _plain(value)
        self.value = (plain + (1 << 31)) % (1 << 32) - (1 << 31)

    def __add__(self, other: Any) -> Word:
        return Word(self.value + _plain(other))

    def __sub__(self, other: Any) -> Word:
        return Word(self.value - _plain(other))

    def __rsub__(self, other: Any) -> Word:
        return Word(_plain(other) - self.value)

    def __mul__(self, other: Any) -> Word:
        return Word(self.value * _plain(other))

    def __and__(self, other: Any) -> Word:
        return Word(self.value & _plain(other))

    def __xor__(self, other: Any) -> Word:
        return Word(self.value ^ _plain(other))

    def __or__(self, other: Any) -> Word:
        return Word(self.value | _plain(other))

    def __lshift__(self, other: Any) -> Word:
        return Word(self.value << _count(other))

    def __rlshift__(self, other: Any) -> Word:
        return Word(_plain(other) << _count(self))

    def __rshift__(self, other: Any) -> Word:
        return Word(self.value >> _count(other))

    def __neg__(self) -> Word:
        return Word(-self.value)

    def __eq__(self, other: object) -> bool:
        return self.value == _plain(other)

    def __lt__(self, other: Any) -> bool:
        return self.value < _plain(other)

    def __hash__(self) -> int:
        return hash(self.value)

    __radd__, __rmul__, __rand__, __rxor__, __ror__ = __add__, __mul__, __and__, __xor__, __or__


class Memory:
    """Arrays at addresses of their own."""

    def __init__(self) -> None:
        self.blocks: dict[int, Any] = {}

    def place(self, data: array[int]) -> int:
        """The address of an array, at a multiple of 16 as from MicroPython's heap."""
        address = 0x2000_0000 + 0x10_0000 * len(self.blocks)
        self.blocks[address] = memoryview(data).cast("B")
        return address

    def bytes(self, address: int, size: int) -> Any:
        """A view of some bytes of one array."""
        if address % size:
            raise UndefinedError(f"{size} bytes at the address {address:#x}")
        start, block = next((start, block) for start, block in self.blocks.items()
                            if start <= address < start + 0x10_0000)
        if address - start + size > len(block):
            raise UndefinedError("behind the end of an array")
        return block[address - start : address - start + size]


class Pointer:
    """An address with the size of what lies there."""

    def __init__(self, memory: Memory, size: int, address: Any) -> None:
        self.memory, self.size = memory, size
        self.address = address.address if isinstance(address, Pointer) else _plain(address)

    def __getitem__(self, index: Any) -> Word:
        return Word(int.from_bytes(self._at(index), "little"))

    def __setitem__(self, index: Any, value: Any) -> None:
        low = _plain(value) % (1 << 8 * self.size)
        self._at(index)[:] = low.to_bytes(self.size, "little")

    def _at(self, index: Any) -> Any:
        return self.memory.bytes(self.address + self.size * _plain(index), self.size)


def compile_viper(source: str) -> Callable[..., None]:
    """The function of a module, called with arrays and integers.

    Raises:
        UndefinedError: a literal is no word.
    """
    tree = ast.parse(source)
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    assert [ast.unparse(node) for node in function.decorator_list] == ["micropython.viper"]
    for node in ast.walk(function):
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and (
                node.value >= 1 << 30):
            raise UndefinedError(f"the literal {node.value}")
    kinds = [ast.unparse(argument.annotation) for argument in function.args.args
             if argument.annotation]
    function.decorator_list = []
    for argument in function.args.args:
        argument.annotation = None

    def call(*arguments: Any) -> None:
        memory = Memory()
        pointers = {f"ptr{8 * size}": lambda address, size=size: Pointer(memory, size, address)
                    for size in (1, 2, 4)}
        scope: dict[str, Any] = {**pointers, "int": Word, "range": _range}
        exec(compile(ast.Module([function], []), "viper", "exec"), scope)
        scope[function.name](*(
            Word(value) if kind == "int" else pointers[kind](memory.place(value))
            for kind, value in zip(kinds, arguments, strict=True)))

    return call


def _range(*limits: Any) -> Iterator[Word]:
    return map(Word, range(*map(_plain, limits)))


def _plain(value: Any) -> int:
    if isinstance(value, Word):
        return value.value
    if type(value) is not int:
        raise UndefinedError(f"{value!r} is no word")
    return value


def _count(value: Any) -> int:
    count = _plain(value)
    if not 0 <= count < 32:
        raise UndefinedError(f"a shift by {count}")
    return count
