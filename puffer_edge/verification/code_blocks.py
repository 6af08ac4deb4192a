# SPDX-License-Identifier: MIT
"""Code as its disassembly shows it: blocks, what each puts on the stack, and where each goes on.

A block ends where another is jumped to or called. GCC says with ``-fstack-usage`` what a function
takes, but not of assembly, neither ours nor that of the compiler's library; so what is pushed is
read as well, and the larger of both counts. What is popped is not looked at: a bound stays one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from puffer_edge.verification.dialects import DIALECTS, Dialect

_HEAD = re.compile(r"^([0-9a-f]+) <(.+)>:$")
_CODE = re.compile(r"^ *([0-9a-f]+):\t([^\t]+)(?:\t(.*))?$")
_PLACE = re.compile(r"(?:0x)?([0-9a-f]+) <")
_TABLE = re.compile(r"tb[bh] +\[pc, ")
"""A table of branches of a Cortex-M, which lies behind the instruction."""
_DATA = re.compile(r"\.\w+|nop\b")
VARIABLE = "it moves the stack pointer by a register"


@dataclass
class Block:
    """A piece of code that is entered at its start.

    Attributes:
        function: whose it is.
        size: bytes that it puts on the stack.
        calls, jumps: addresses of the blocks that it calls, and that it goes on in.
        unknown: why it may take more, or call others; empty where it is known.
    """

    function: str
    size: int = 0
    calls: set[int] = field(default_factory=set)
    jumps: set[int] = field(default_factory=set)
    unknown: str = ""


class _Instruction(NamedTuple):
    address: int
    text: str
    function: str


def blocks_of(text: str, isa: str, usage: Mapping[str, int | None]) -> dict[int, Block]:
    """The blocks of an image by address.

    Args:
        text: its disassembly; see ``toolchains.objdump``.
        isa: the instruction set.
        usage: see :func:`read_usage`.
    """
    dialect, code, starts = DIALECTS[isa], [], {}
    for line in text.splitlines():
        if head := _HEAD.match(line):
            starts[int(head[1], 16)] = head[2]
        elif starts and (found := _CODE.match(line)):
            code.append(_Instruction(int(found[1], 16), " ".join(
                f"{found[2]} {found[3] or ''}".split()), [*starts.values()][-1]))
    leaders = {*starts, *(place for each in code if (place := _place(each.text, dialect)))}
    found_blocks = _cut(code, leaders, starts, dialect)
    _told(found_blocks, starts, usage, dialect)
    return found_blocks


def _cut(code: list[_Instruction], leaders: set[int], starts: Mapping[int, str], dialect: Dialect
         ) -> dict[int, Block]:
    tables = {each.function for each in code if dialect.indirect.match(each.text)}
    blocks: dict[int, Block] = {}
    branching: list[Block] = []
    block, goes_on = Block(""), False
    for address, text, function in code:
        if address in leaders:
            if goes_on:
                block.jumps.add(address)
            block, goes_on = blocks.setdefault(address, Block(function)), True
        # Constants between functions and what aligns them; a table of branches may lead anywhere.
        if _DATA.match(text) or not (goes_on or function in tables):
            continue
        if not goes_on and text.startswith("bmi.n ") and _place(text, dialect) == address - 84:
            continue  # LLVM's linker fills gaps with d4d4, which is this jump
        goes_on = not (dialect.end.match(text) or _far_jump(text, function, dialect))
        _note(block, text, dialect)
        if _TABLE.match(text):
            branching.append(block)
    for block in branching:  # a table is of distances ahead, within the function
        block.jumps |= {address for address, other in blocks.items()
                        if other.function == block.function and address not in starts}
    return blocks


def _note(block: Block, text: str, dialect: Dialect) -> None:
    """Takes one instruction into account."""
    place = _place(text, dialect)
    if _TABLE.match(text):
        return
    if dialect.indirect.match(text):
        # The compiler's library has tables of branches, and no pointers to functions.
        if not block.function.startswith("_"):
            block.unknown = "it calls or jumps to a computed address"
    elif place is not None:
        called = dialect.call.match(text) and not _far_jump(text, block.function, dialect)
        (block.calls if called else block.jumps).add(place)
    elif (size := dialect.pushed(text)) is not None:
        block.size += size
    else:
        block.unknown = block.unknown or VARIABLE


def _far_jump(text: str, function: str, dialect: Dialect) -> bool:
    """Whether a call is a jump: into the midst of the function that it is in."""
    return bool(dialect.far and dialect.call.match(text) and f"<{function}+" in text)


def _place(text: str, dialect: Dialect) -> int | None:
    """Where an instruction calls or jumps to."""
    if dialect.no_call.match(text) or not (dialect.call.match(text) or dialect.jump.match(text)):
        return None
    found = _PLACE.search(text)
    return int(found[1], 16) if found else None


def _told(blocks: Mapping[int, Block], starts: Mapping[int, str], usage: Mapping[str, int | None],
          dialect: Dialect) -> None:
    """Where the compiler told the frame of a function, all of it counts at its start."""
    for address, name in starts.items():
        told = usage.get(_plain(name), 0)
        own = [block for block in blocks.values() if block.function == name] if told != 0 else []
        if not own:
            continue
        size = sum(block.size for block in own)
        for block in own:
            block.size = 0
            block.unknown = "" if block.unknown == VARIABLE else block.unknown
        if told is None:
            blocks[address].unknown = "its frame has no fixed size"
        else:
            blocks[address].size = max(size, told - dialect.entry)


def read_usage(files: Iterable[Path]) -> dict[str, int | None]:
    """Bytes of the frames that GCC tells (``-fstack-usage``); None: they depend on what it does.

    Names are without what GCC adds to those of copies, of which the largest counts.
    """
    found: dict[str, int | None] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            place, size, kind = line.split("\t")
            name = _plain(place.rsplit(":", 1)[1])
            before = found.get(name, 0)
            bounded = kind == "static" or "bounded" in kind
            found[name] = max(before, int(size)) if bounded and before is not None else None
    return found


def _plain(name: str) -> str:
    return name.split(".")[0]
