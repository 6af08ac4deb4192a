# SPDX-License-Identifier: MIT
"""Shared memory by name that outlives neither the process that made it nor the last that uses it.

``multiprocessing``'s resource tracker removes a segment when the process that made it is killed.
Before Python 3.13 it does the same when one that only opened it ends; here it does not.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import suppress
from multiprocessing import resource_tracker, shared_memory
from threading import Lock

from puffer_edge.errors import OutputError, UsageError

NAME = re.compile(r"[A-Za-z0-9_]{1,30}")  # macOS takes no longer ones
_opening = Lock()
_lingering: list[Segment] = []


class Segment(shared_memory.SharedMemory):
    """Shared memory whose destructor is silent while arrays still look into it."""

    def __del__(self) -> None:
        with suppress(BufferError, OSError):
            super().close()


def create(name: str, size: int) -> Segment:
    """A new segment, zeros.

    Raises:
        UsageError: the name is no name, or taken.
        OutputError: there is not enough memory.
    """
    _check(name)
    try:
        return Segment(name, create=True, size=size)
    except FileExistsError as error:
        raise UsageError(f"there is a shared buffer {name!r} already",
                         hint="attach to it, or choose another name") from error
    except (OSError, ValueError) as error:
        raise OutputError(f"no shared memory of {size} bytes: {error}", where=name) from error


def attach(name: str) -> Segment:
    """A segment that another process of this user has made.

    Raises:
        UsageError: there is none of that name, or it is somebody else's.
    """
    segment = _open(name)
    if not _own(segment):
        close(segment)
        raise UsageError(f"the shared buffer {name!r} belongs to another user, or others may "
                         "open it", hint="create one of another name, as this user")
    return segment


def _open(name: str) -> Segment:
    _check(name)
    try:
        if sys.version_info >= (3, 13):
            return Segment(name, track=False)
        with _opening:  # else our tracker removes what is not ours
            register = resource_tracker.register
            resource_tracker.register = lambda name, rtype: None
            try:
                return Segment(name)
            finally:
                resource_tracker.register = register
    except (FileNotFoundError, ValueError) as error:  # ValueError: made, but still empty
        raise UsageError(f"there is no shared buffer {name!r}",
                         hint="create it in the other process first") from error
    except OSError as error:
        raise UsageError(f"the shared buffer {name!r} cannot be opened: {error.strerror}",
                         hint="create one of another name, as this user") from error


def _own(segment: Segment) -> bool:
    """Whether this user made it and nobody else may open it; on Windows no file tells."""
    descriptor = getattr(segment, "_fd", -1)
    if os.name != "posix" or descriptor < 0:
        return True
    found = os.fstat(descriptor)
    return found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077


def remove(name: str) -> None:
    """Removes a name, of a dead process's segment too; those who look into it go on."""
    with suppress(OSError, ValueError):
        segment = Segment(name)  # registers with our tracker, so that unlink may unregister
        segment.close()
        segment.unlink()


def close(segment: Segment) -> None:
    """Closes, or does so later when arrays that callers keep still look into it."""
    _lingering.append(segment)
    for waiting in list(_lingering):
        with suppress(BufferError):
            waiting.close()
            _lingering.remove(waiting)


def alive(process: int) -> bool:
    """Whether a process of that number runs; on Windows, where names vanish by themselves, True."""
    if process <= 0:
        return False
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _zombie(process)


def _zombie(process: int) -> bool:
    """Whether it has ended and only its parent has not noticed; where there is no /proc, False."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] == b"Z"
    except (OSError, IndexError):
        return False


def _check(name: str) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a shared buffer",
                         hint="use at most 30 letters, digits and underscores")
