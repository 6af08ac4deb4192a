# SPDX-License-Identifier: MIT
"""Files are read whole, and only if they are files."""

from __future__ import annotations

import stat
from pathlib import Path

from puffer_edge.errors import FileFormatError

MAX_BYTES = 1 << 28
"""A checkpoint of a policy for a small device has a few MB, its optimizer included."""


def read_file(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The content of a regular file.

    Raises:
        FileFormatError: the path is missing, unreadable, larger than ``limit``, or leads to a
            directory, a pipe (which would block) or a device (which may never end).
    """
    where = str(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise FileFormatError("this is a directory", where=where,
                                  hint="give the policy file in it")
        if not stat.S_ISREG(status.st_mode):
            raise FileFormatError("this is a pipe or a device, no file", where=where)
        if status.st_size > limit:
            raise FileFormatError(f"the file is larger than {limit >> 20} MiB", where=where)
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise FileFormatError(f"the file cannot be read: {reason}", where=where) from None
