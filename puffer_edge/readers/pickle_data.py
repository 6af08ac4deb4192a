# SPDX-License-Identifier: MIT
"""Reads the data out of a pickle without ever running it.

A pickle is a program for a stack machine whose instructions include "import this" and "call that".
Here the instructions are walked one by one; data instructions build plain Python data, and imported
names get *our* meaning from an allow-list, or become inert :class:`Stub` objects. Nothing named in
the file is imported, looked up or called.
"""

from __future__ import annotations

import pickletools
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from puffer_edge.errors import FileFormatError

MAX_OPCODES = 100_000
"""A fraction of a second; the pickle of a large checkpoint has some ten thousand."""


MAX_BITS = 1024
"""Of an integer; the state of a random generator has 128. Python prints up to 4,300 digits only,
and numpy and floats take fewer."""


class RefusedError(ValueError):
    """What our meaning of a name says about arguments that it does not take; goes to the user."""


@dataclass(eq=False, repr=False)
class Stub:
    """An object whose class we do not know: its name and what it was made from, inert.

    It prints as a bare object: what it was made from can refer to itself, and have 2^100 parts.
    """

    module: str
    name: str
    arguments: tuple[Any, ...] = ()
    state: Any = None
    called: bool = False


@dataclass(frozen=True)
class Known:
    """A name that the file may call, with our meaning of the call."""

    make: Callable[..., Any]


@dataclass
class Names:
    """What the names in a pickle mean.

    Attributes:
        known: our meaning by (module, name); a value that is no :class:`Known` stands for itself.
        persistent: our meaning of a persistent id; None: there must be none.
        hint: what to do about a pickle that cannot be read.
    """

    known: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    persistent: Callable[[Any], Any] | None = None
    hint: str = "save the policy's state_dict with a current torch.save"


class _Mark:
    pass


_MARK = _Mark()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_LITERALS = frozenset("""
    INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING
    UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8
""".split())


def read_pickle(content: bytes, names: Names, *, where: str) -> Any:
    """The data of a pickle.

    Args:
        content: the pickle; nothing may follow it.
        names: what imported names mean.
        where: the file, for messages.

    Raises:
        FileFormatError: the pickle is damaged, or uses an instruction that data does not need.
    """
    machine = _Machine(names, where)
    count = 0
    try:
        for opcode, argument, position in pickletools.genops(content):
            count += 1
            if count > MAX_OPCODES:
                raise machine.error("the pickle has more instructions than any policy")
            if opcode.name == "STOP":
                if position != len(content) - 1:
                    raise machine.error("something follows the pickle")
                return machine.result()
            machine.run(opcode.name, argument)
    except FileFormatError:
        raise
    except RefusedError as error:
        raise machine.error(str(error)) from None
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError,
            struct.error, EOFError, MemoryError, RecursionError) as error:
        raise machine.error(f"the pickle is damaged: {type(error).__name__}") from error
    raise machine.error("the pickle has no end")


class _Machine:
    """The stack machine, data instructions only."""

    def __init__(self, names: Names, where: str) -> None:
        self._names = names
        self._where = where
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def error(self, what: str) -> FileFormatError:
        return FileFormatError(what, where=self._where, hint=self._names.hint)

    def result(self) -> Any:
        if len(self._stack) != 1:
            raise self.error("the pickle does not end with one object")
        return self._stack[0]

    def run(self, name: str, argument: Any) -> None:
        """One instruction."""
        if not (self._moved(name, argument) or self._collected(name)
                or self._made(name, argument)):
            raise self.error(f"the pickle uses the instruction {name}, which data does not need")

    def _moved(self, name: str, argument: Any) -> bool:
        """Values of the pickle itself, the stack and the memo."""
        stack = self._stack
        if name in ("PROTO", "FRAME"):
            pass
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _LITERALS:
            if type(argument) is int and argument.bit_length() > MAX_BITS:
                raise RefusedError("an integer is larger than any of a policy")
            stack.append(argument)
        elif name in ("EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET"):
            stack.append({"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}[name]())
        elif name == "MARK":
            stack.append(_MARK)
        elif name == "POP":
            stack.pop()
        elif name == "POP_MARK":
            self._since_mark()
        elif name == "DUP":
            stack.append(stack[-1])
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self._memo[argument])
        else:
            return False
        return True

    def _collected(self, name: str) -> bool:
        """Tuples, lists, dictionaries and sets."""
        stack = self._stack
        if name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            if len(stack) < count:
                raise IndexError
            stack[-count:] = [tuple(stack[-count:])]
        elif name in ("TUPLE", "LIST", "DICT", "FROZENSET"):
            stack.append(_collect(name, self._since_mark()))
        elif name in ("APPEND", "APPENDS"):
            items = [stack.pop()] if name == "APPEND" else self._since_mark()
            self._extend(stack[-1], items)
        elif name in ("SETITEM", "SETITEMS"):
            items = [stack.pop(-2), stack.pop()] if name == "SETITEM" else self._since_mark()
            self._set_items(stack[-1], items)
        elif name == "ADDITEMS":
            items = self._since_mark()
            if not isinstance(stack[-1], set):
                raise TypeError
            stack[-1].update(_keys(items))
        else:
            return False
        return True

    def _made(self, name: str, argument: Any) -> bool:
        """What names of classes and functions stand for, and what they are called with."""
        stack = self._stack
        if name == "GLOBAL":
            module, attribute = argument.split(" ", 1)
            stack.append(self._global(module, attribute))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            stack.append(self._global(module, attribute))
        elif name == "REDUCE":
            arguments, callee = stack.pop(), stack.pop()
            stack.append(self._call(callee, arguments))
        elif name in ("NEWOBJ", "NEWOBJ_EX"):
            keywords = stack.pop() if name == "NEWOBJ_EX" else {}
            arguments, callee = stack.pop(), stack.pop()
            stack.append(self._call(callee, arguments, keywords))
        elif name == "BUILD":
            self._build(stack)
        elif name in ("BINPERSID", "PERSID"):
            identity = stack.pop() if name == "BINPERSID" else argument
            if self._names.persistent is None:
                raise self.error("the pickle refers to data outside of it")
            stack.append(self._names.persistent(identity))
        else:
            return False
        return True

    def _since_mark(self) -> list[Any]:
        index = len(self._stack) - 1
        while self._stack[index] is not _MARK:
            index -= 1
            if index < 0:
                raise IndexError
        items = self._stack[index + 1 :]
        del self._stack[index:]
        return items

    def _global(self, module: Any, name: Any) -> Any:
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError
        return self._names.known.get((module, name), Stub(module, name))

    def _call(self, callee: Any, arguments: Any, keywords: Any = None) -> Any:
        if not isinstance(arguments, tuple):
            raise TypeError
        if isinstance(callee, Known) and not keywords:
            return callee.make(*arguments)
        if isinstance(callee, Stub):
            return Stub(callee.module, callee.name, arguments, keywords or None, called=True)
        raise self.error("the pickle calls something that is no class")

    def _extend(self, target: Any, items: list[Any]) -> None:
        if isinstance(target, list):
            target.extend(items)
        elif not isinstance(target, Stub):
            raise TypeError

    def _set_items(self, target: Any, items: list[Any]) -> None:
        if isinstance(target, dict):
            target.update(_pairs(items))
        elif not isinstance(target, Stub):
            raise TypeError

    def _build(self, stack: list[Any]) -> None:
        state = stack.pop()
        target = stack[-1]
        if isinstance(target, Stub):
            target.state = state
        elif hasattr(target, "set_pickle_state"):
            target.set_pickle_state(state)
        elif not isinstance(target, OrderedDict):  # torch puts _metadata on a state_dict
            raise self.error("the pickle sets attributes of something that has none")


def _collect(name: str, items: list[Any]) -> Any:
    if name == "TUPLE":
        return tuple(items)
    if name == "LIST":
        return items
    if name == "FROZENSET":
        return frozenset(_keys(items))
    return dict(_pairs(items))


def _pairs(items: list[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(_keys(items[::2]), items[1::2], strict=True)


def _keys(items: list[Any]) -> list[Any]:
    """Keys that hash quickly and apart from each other.

    The hash of a tuple of tuples recurses without a limit and can take for ever; integers larger
    than a word can be chosen to collide. Checkpoints have names and indices.
    """
    for item in items:
        if item is not None and type(item) not in (str, bool, Stub) and not (
                type(item) is int and abs(item) < 1 << 63):
            raise RefusedError("the key of an entry is neither a name nor an index")
    return items
