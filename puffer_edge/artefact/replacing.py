# SPDX-License-Identifier: MIT
"""A directory that is replaced whole: whenever a process is killed, the old one or the new one.

Linux and macOS exchange two directories in one call. Elsewhere, and on file systems that cannot,
it takes two renames; should the process be killed between them, the next command that looks for the
directory gives it back (:func:`restore`). Work folders lie beside the directory, and carry the
number of their process, so that the next export knows those that nobody finishes any more.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

PREFIX = ".puffer-edge-"
ATTEMPTS = 100
"""Renames that may fail in turn because other exports into the same directory were faster."""


def replace_directory(directory: Path, files: Mapping[str, bytes]) -> None:
    """Makes a directory of these files, or puts one in the place of another.

    Where several processes do so at once, the last one wins.

    Args:
        directory: absent, or a directory that may go.
        files: contents by name, which may hold folders, as ``src/policy.h``.

    Raises:
        OSError: it cannot be written; the directory is as it was.
    """
    with _work_folder(directory) as work:
        fresh = work / "new"
        fresh.mkdir()
        for name, content in files.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            with open(fresh / name, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _flush(fresh)
        for _ in range(ATTEMPTS):
            if _put(fresh, directory, work / "old"):
                break
        else:
            raise OSError(errno.EBUSY, "other processes write it all the time")
        _flush(directory.parent)


def restore(directory: Path) -> bool:
    """Gives a directory back that a killed process had moved away; whether there was one."""
    if directory.exists() or directory.is_symlink():
        return False
    for work in _abandoned(directory):
        try:
            (work / "old").rename(directory)
        except OSError:
            continue
        shutil.rmtree(work, ignore_errors=True)
        return True
    return False


def tidy(directory: Path) -> None:
    """Removes the work folders of killed exports into a directory."""
    restore(directory)
    for work in _abandoned(directory):
        shutil.rmtree(work, ignore_errors=True)


def _put(fresh: Path, directory: Path, old: Path) -> bool:
    """Puts the new directory in its place; false where another process was faster."""
    if not directory.exists():
        return _renamed(fresh, directory)
    if _exchanged(fresh, directory):
        return True
    if directory.exists() and not _renamed(directory, old):
        return False
    try:
        done = _renamed(fresh, directory)
    except OSError:
        old.rename(directory)
        raise
    if not done:
        shutil.rmtree(old, ignore_errors=True)  # what is there now is newer
    return done


def _renamed(source: Path, target: Path) -> bool:
    """Renames; false where the source has gone or the target has come meanwhile."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY):
            return False
        raise
    return True


def _exchanged(one: Path, other: Path) -> bool:
    """Exchanges two directories in one call, where the system can."""
    call, before, flag = _exchange()
    if call is None:
        return False
    done: int = call(*before, os.fsencode(one), *before, os.fsencode(other), flag)
    return done == 0


@cache
def _exchange() -> tuple[Any, tuple[int, ...], int]:
    """The system's call, what comes before each path, and the flag that means exchange."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux":
            call, before, flag = library.renameat2, (-100,), 2  # AT_FDCWD, RENAME_EXCHANGE
            call.argtypes = (ctypes.c_int, ctypes.c_char_p) * 2 + (ctypes.c_uint,)
            return call, before, flag
        if sys.platform == "darwin":
            call, before, flag = library.renamex_np, (), 2  # RENAME_SWAP
            call.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint)
            return call, before, flag
    except (OSError, TypeError, AttributeError):
        pass
    return None, (), 0


@contextmanager
def _work_folder(directory: Path) -> Iterator[Path]:
    prefix = f"{PREFIX}{_key(directory)}-{os.getpid()}-"
    work = Path(tempfile.mkdtemp(prefix=prefix, dir=directory.parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _abandoned(directory: Path) -> list[Path]:
    """Work folders for a directory whose processes have ended, the newest first."""
    found = []
    for work in directory.parent.glob(f"{PREFIX}{_key(directory)}-*"):
        process = work.name.split("-")[3]
        if work.is_dir() and not work.is_symlink() and process.isdigit() and not _alive(
                int(process)):
            with suppress(OSError):
                found.append((work.stat().st_mtime_ns, work))
    return [work for _, work in sorted(found, reverse=True)]


def _key(directory: Path) -> str:
    return hashlib.sha256(directory.name.encode(errors="surrogateescape")).hexdigest()[:12]


def _alive(process: int) -> bool:
    """Whether a process of that number runs; on Windows, where asking would end it, True."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _flush(folder: Path) -> None:
    """Tells the disk to keep a folder's entries, where folders can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
