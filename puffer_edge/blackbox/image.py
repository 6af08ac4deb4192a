# SPDX-License-Identifier: MIT
"""The memory of a black box, out of a file of bytes or of text that a board has sent."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from puffer_edge.blackbox.layout import FIXED, HEAD, MAGIC
from puffer_edge.errors import FileFormatError

LARGEST = 1 << 30
"""Bytes of a log's file."""
FLOOR, SPARSE = 4096, 256
"""Memory that is made of a text at most: bytes, and a multiple of those that came."""
LINE = re.compile(rb"PELG ([0-9a-f]{8}) ((?:[0-9a-f]{2}){1,32}) ([0-9a-f]{8})\r?\n?")
MARK = b"PELG "
HINT = "give what policy_blackbox.h wrote: the text of a serial port, or the bytes"


@dataclass
class Image:
    """Memory that may have holes.

    Attributes:
        memory: from the head on.
        order: of its bytes, < or >.
        holes: first and last byte that did not come, of each.
        damages: what was wrong with lines of text.
    """

    memory: bytes
    order: str
    holes: list[tuple[int, int]] = field(default_factory=list)
    damages: list[str] = field(default_factory=list)

    @property
    def head(self) -> dict[str, int]:
        """Its first words by name."""
        return dict(zip(HEAD, words_of(self.memory[:4 * len(HEAD)], self.order), strict=True))

    def lacks(self, start: int, size: int) -> bool:
        """Whether some of those bytes did not come."""
        return start + size > len(self.memory) or any(
            first < start + size and start <= last for first, last in self.holes)


def words_of(content: bytes, order: str) -> list[int]:
    """Words of four bytes."""
    name = "little" if order == "<" else "big"
    return [int.from_bytes(content[i:i + 4], name) for i in range(0, len(content), 4)]  # type: ignore[arg-type]


def image_of(content: bytes, where: str) -> Image:
    """The memory of the last box that a file holds.

    Raises:
        FileFormatError: it holds none, or none whose head is sound.
    """
    if re.search(rb"^PELG [0-9a-f]{8} ", content, re.MULTILINE):
        return _from_text(content, where)
    starts = [(at, order) for order, name in (("<", "little"), (">", "big"))
              for at in _places(content, MAGIC.to_bytes(4, name))]  # type: ignore[arg-type]
    for at, order in sorted(starts, reverse=True):
        if _is_head(content[at:at + 4 * len(HEAD)], order):
            return Image(content[at:], order)
    if starts:
        raise FileFormatError("the head of the log is damaged: its checksum is another",
                              where=where, hint=HINT)
    raise FileFormatError("this is no log of a black box", where=where, hint=HINT)


def _places(content: bytes, mark: bytes) -> Iterator[int]:
    at = content.find(mark)
    while at >= 0:
        yield at
        at = content.find(mark, at + 1)


def _is_head(content: bytes, order: str) -> bool:
    if len(content) < 4 * len(HEAD):
        return False
    return zlib.crc32(content[:4 * FIXED]) == words_of(content, order)[FIXED]


@dataclass
class _Dump:
    """What came of one box: lines by their place."""

    parts: dict[int, bytes] = field(default_factory=dict)
    damages: list[str] = field(default_factory=list)

    @property
    def order(self) -> str:
        """Of its bytes; empty where the head did not come."""
        head = b"".join(self.parts.get(place, b"") for place in (0, 32))[:4 * len(HEAD)]
        return next((order for order in "<>" if _is_head(head, order)), "")


def _from_text(content: bytes, where: str) -> Image:
    dumps, last = [_Dump()], -1
    for number, line in enumerate(content.split(b"\n"), 1):
        at = line.find(MARK)  # a line of something else may have been cut by it
        if at < 0:
            continue
        found = LINE.fullmatch(line[at:])
        place, data = (int(found[1], 16), bytes.fromhex(found[2].decode())) if found else (0, b"")
        if found is None:
            dumps[-1].damages.append(f"line {number} is damaged")
        elif zlib.crc32(data, zlib.crc32(place.to_bytes(4, "little"))) != int(found[3], 16):
            dumps[-1].damages.append(f"line {number} is damaged: its checksum is another")
        elif place % 32 or place >= LARGEST:
            dumps[-1].damages.append(f"line {number} is of no place in a log")
        else:
            if place <= last:
                dumps.append(_Dump())
            dumps[-1].parts[place], last = data, place
    sound = [dump for dump in dumps if dump.order]
    if not sound:
        raise FileFormatError("the head of the log is damaged, or did not come", where=where,
                              hint=HINT)
    if sound[-1] is not dumps[-1]:
        sound[-1].damages.append("a later log in the file has no sound head: this is one before")
    return _joined(sound[-1])


def _joined(dump: _Dump) -> Image:
    memory, holes = bytearray(), []
    most = FLOOR + SPARSE * sum(map(len, dump.parts.values()))
    for place, data in sorted(dump.parts.items()):
        if place > most:
            dump.damages.append(f"what lies {place:,} bytes behind the head is too far away: the "
                                "lines between them did not come")
            break
        if place > len(memory):
            holes.append((len(memory), place - 1))
            memory += bytes(place - len(memory))
        memory[place:place + len(data)] = data
    return Image(bytes(memory), dump.order, holes, dump.damages)
