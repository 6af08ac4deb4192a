# SPDX-License-Identifier: MIT
"""A zip archive whose every member is checked before a byte of it is used."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

from puffer_edge.errors import FileFormatError
from puffer_edge.readers.budget import Budget
from puffer_edge.readers.regular_file import read_file
from puffer_edge.readers.text import printable

MAX_ENTRIES = 10_000
MAX_INFLATED = 1 << 26
"""Bytes of a compressed member; a megabyte can grow to a gigabyte."""

_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError,
           OverflowError, NotImplementedError, RuntimeError)
"""What ``zipfile`` raises for archives that are damaged."""
_HINT = "the file is damaged or no policy; copy it again from where it was trained"


class ZipArchive:
    """Reads members by name.

    Args:
        source: a path, or the archive's bytes.
        where: the file, for messages.
        stored_only: refuse compressed members; torch never writes any.
        inflated: bytes that a compressed member may unfold to.

    Attributes:
        budget: what may still be made of the archive.

    Raises:
        FileFormatError: the archive is damaged, has members twice, names that leave the archive,
            or more members than any policy.
    """

    def __init__(self, source: Path | bytes, *, where: str, stored_only: bool = True,
                 inflated: int = MAX_INFLATED) -> None:
        self.where = where
        self._inflated = inflated
        content = source if isinstance(source, bytes) else read_file(source)
        self.budget = Budget(len(content), where)
        # zipfile makes an object of every entry before it can be asked for their number.
        if content.count(b"PK\x01\x02") > MAX_ENTRIES:
            raise self.error("the archive has more members than any policy")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            members = self._zip.infolist()
        except _DAMAGE as error:
            raise self.error(f"the archive is cut off or damaged: {printable(str(error))}"
                             ) from None
        # A zip that was cut off may end in one that it holds, as Stable-Baselines3's do.
        if members and min(member.header_offset for member in members) != 0:
            raise self.error("the archive is cut off: its table of contents is missing, and what "
                             "looks like one is that of an archive inside")
        if sum(member.compress_size for member in members) > len(content):
            raise self.error("the archive's members overlap")
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            self._check(member, stored_only)
            self._members[member.filename] = member

    @property
    def names(self) -> list[str]:
        """Names of all members, in the archive's order."""
        return list(self._members)

    def size(self, name: str) -> int:
        """Bytes that a member says it unfolds to."""
        return self._members[name].file_size

    def read(self, name: str) -> bytes:
        """A member's content, its CRC checked.

        Raises:
            FileFormatError: there is no such member, it is damaged, or it unfolds to more than
                a policy can need.
        """
        shown = printable(name)
        member = self._members.get(name)
        if member is None:
            raise self.error(f"the member {shown!r} is missing")
        if member.compress_type != zipfile.ZIP_STORED and member.file_size > self._inflated:
            raise self.error(
                f"the member {shown!r} unfolds to more than {self._inflated >> 20} MiB")
        self.budget.copy(member.file_size)
        try:
            with self._zip.open(member) as file:
                # With a size: read() would inflate everything there is before it is cut. One byte
                # more than declared, so that the end is reached, where the CRC is checked.
                content = file.read(member.file_size + 1)
        except _DAMAGE as error:
            raise self.error(f"the member {shown!r} is damaged: {printable(str(error))}") from None
        if len(content) != member.file_size:
            raise self.error(f"the member {shown!r} is truncated")
        return content

    def error(self, what: str) -> FileFormatError:
        """An error about this archive; the caller raises it."""
        return FileFormatError(what, where=self.where, hint=_HINT)

    def _check(self, member: zipfile.ZipInfo, stored_only: bool) -> None:
        name, shown = member.filename, printable(member.filename)
        if name in self._members:
            raise self.error(f"the member {shown!r} is there twice")
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
            raise self.error(f"the member {shown!r} leaves the archive")
        if member.flag_bits & 1:
            raise self.error(f"the member {shown!r} is encrypted")
        stored = member.compress_type == zipfile.ZIP_STORED
        if not stored and (stored_only or member.compress_type != zipfile.ZIP_DEFLATED):
            raise self.error(f"the member {shown!r} is compressed, which torch never does")
        # A damaged name makes a member look absent, such as the one that tells the byte order;
        # every name is there twice, and opening compares the two.
        try:
            self._zip.open(member).close()
        except _DAMAGE as error:
            raise self.error(f"the member {shown!r} is damaged: {printable(str(error))}") from None
