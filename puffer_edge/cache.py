# SPDX-License-Identifier: MIT
"""The user's cache of compiled code: only what this very user built is ever loaded.

A shared library that another user put there would run with our rights, so the folder belongs to the
user alone (0700), no folder above it can be renamed by others, and each file has its SHA-256 beside
it, which also finds files that were cut off. On Windows, where the profile is the user's own, only
the hash is compared.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
POSIX = os.name == "posix"
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@cache
def cache_folder() -> Path:
    """``<user cache>/puffer-edge``, or a private temporary folder where others could write there.

    The temporary folder is removed when the process ends.
    """
    try:
        folder = (_base() / "puffer-edge").absolute()
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if _private(folder):
            return folder
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        pass
    private = Path(tempfile.mkdtemp(prefix="puffer-edge-"))
    atexit.register(shutil.rmtree, private, ignore_errors=True)
    return private


def built(name: str, make: Callable[[Path], object]) -> Path:
    """A file of the cache, made where it is missing, not this user's, or not whole.

    Args:
        name: says everything that the content depends on, as a hash of it does.
        make: writes the file to the path that it gets; what it raises goes through.

    Raises:
        OSError: the cache cannot be written.
    """
    path = cache_folder() / name
    if _sound(path):
        return path
    work = Path(tempfile.mkdtemp(prefix=".building-", dir=path.parent))
    try:
        draft = work / name
        make(draft)
        content = draft.read_bytes()
        note = work / "digest"
        note.write_bytes(_digest(name, content))
        note.chmod(0o600)
        draft.chmod(0o700)
        # The digest first: a file without its digest is built again, the other way round, too.
        os.replace(note, _beside(path))
        os.replace(draft, path)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return path


def forget(path: Path) -> None:
    """Removes a file of the cache that turned out to be of no use."""
    for each in path, _beside(path):
        with suppress(OSError):
            each.unlink()


def _base() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
    return Path(base) if base else Path.home() / ".cache"


def _private(folder: Path) -> bool:
    """Whether a folder is the user's alone, and nobody else can put another in its place."""
    if not os.access(folder, os.W_OK):
        return False
    if not POSIX:
        return True
    own = folder.lstat()
    if not stat.S_ISDIR(own.st_mode) or own.st_uid != os.geteuid():
        return False
    if stat.S_IMODE(own.st_mode) & 0o077:
        folder.chmod(0o700)  # what others put there before is found by its owner
    for parent in folder.resolve().parents:
        found = parent.stat()
        open_to_others = found.st_mode & OTHERS_WRITE and not found.st_mode & stat.S_ISVTX
        if open_to_others or found.st_uid not in (0, os.geteuid()):
            return False
    return True


def _sound(path: Path) -> bool:
    """Whether a file is ours and what its digest says."""
    content, digest = _own(path), _own(_beside(path))
    return content is not None and digest == _digest(path.name, content)


def _own(path: Path) -> bytes | None:
    """Content of a regular file that this user owns and nobody else may write; else None."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_LINK | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        ours = not POSIX or (found.st_uid == os.geteuid() and not found.st_mode & OTHERS_WRITE)
        return file.read() if stat.S_ISREG(found.st_mode) and ours else None


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _digest(name: str, content: bytes) -> bytes:
    """Binds the content to its name: a good file under another name is not taken."""
    return hashlib.sha256(name.encode() + b"\0" + content).hexdigest().encode()
