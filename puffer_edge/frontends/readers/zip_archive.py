"""A zip archive whose every member is checked before a byte of it is used."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

from puffer_edge.errors import FileFormatError

MAX_ENTRIES = 20_000
MAX_BYTES = 2 << 30
"""Uncompressed bytes of one member, and of the archive."""
MAX_RATIO = 200
"""A deflated member that grows more than this is a bomb, not a policy."""

_HINT = "the file is damaged or no policy; copy it again from where it was trained"


class ZipArchive:
    """Reads members by name.

    Args:
        source: a path, or the archive's bytes.
        where: the file, for messages.
        stored_only: refuse compressed members; torch never writes any.

    Raises:
        FileFormatError: the archive is damaged, has members twice, names that leave the archive,
            or is larger than any policy.
    """

    def __init__(self, source: Path | bytes, *, where: str, stored_only: bool = True) -> None:
        self.where = where
        try:
            file = io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb")  # noqa: SIM115
            self._zip = zipfile.ZipFile(file)
            members = self._zip.infolist()
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError,
                UnicodeDecodeError) as error:
            raise FileFormatError(f"the archive cannot be read: {error}", where=where,
                                  hint=_HINT) from error
        if len(members) > MAX_ENTRIES or sum(member.file_size for member in members) > MAX_BYTES:
            raise self.error("the archive is larger than any policy")
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            self._check(member, stored_only)
            self._members[member.filename] = member

    @property
    def names(self) -> list[str]:
        """Names of all members, in the archive's order."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """A member's content, its CRC checked.

        Raises:
            FileFormatError: there is no such member, or it is damaged.
        """
        member = self._members.get(name)
        if member is None:
            raise self.error(f"the member {ascii(name)} is missing")
        try:
            content = self._zip.read(member)  # checks the CRC
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError,
                NotImplementedError, RuntimeError) as error:
            raise self.error(f"the member {ascii(name)} is damaged: {error}") from error
        if len(content) != member.file_size:
            raise self.error(f"the member {ascii(name)} is truncated")
        return content

    def error(self, what: str) -> FileFormatError:
        """An error about this archive; the caller raises it."""
        return FileFormatError(what, where=self.where, hint=_HINT)

    def _check(self, member: zipfile.ZipInfo, stored_only: bool) -> None:
        name = member.filename
        if name in self._members:
            raise self.error(f"the member {ascii(name)} is there twice")
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
            raise self.error(f"the member {ascii(name)} leaves the archive")
        if member.flag_bits & 1:
            raise self.error(f"the member {ascii(name)} is encrypted")
        if member.compress_type != zipfile.ZIP_STORED:
            if stored_only or member.compress_type != zipfile.ZIP_DEFLATED:
                raise self.error(f"the member {ascii(name)} is compressed, which torch never does")
            if member.file_size > MAX_RATIO * max(member.compress_size, 1024):
                raise self.error(f"the member {ascii(name)} grows more than {MAX_RATIO} times")
