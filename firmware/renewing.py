# SPDX-License-Identifier: MIT
"""A project's files: written into a new directory, or renewed beside what is the user's.

A file beside them remembers what was written, by hash; an example that has another hash by now has
been put to use, and stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from puffer_edge.artefact.directory import as_json, replace_file, write
from puffer_edge.errors import FileFormatError, OutputError
from puffer_edge.readers.regular_file import read_file

RECORD = ".puffer-edge-project.json"
LARGEST_RECORD = 1 << 20


@dataclass(frozen=True)
class Written:
    """What became of a project's files.

    Attributes:
        files: names of those that were written.
        kept: names of those that the user has changed, and that stay.
        then: what the user does with the project.
    """

    files: list[str]
    kept: list[str]
    then: str = ""


def put(directory: Path, files: Mapping[str, bytes], own: Collection[str]) -> Written:
    """Writes files into a new or empty directory, or over those of an earlier time.

    Args:
        directory: absent, empty, or a project.
        files: contents by name.
        own: names of the files that the user does not change.

    Raises:
        OutputError: the directory holds something else, or cannot be written.
    """
    record = as_json({name: _digest(content) for name, content in files.items()})
    if not directory.is_dir() or not any(directory.iterdir()):
        write(directory, {**files, RECORD: record})
        return Written(sorted(files), [])
    before = _recorded(directory)
    kept = sorted(name for name in files if (directory / name).exists()
                  and not _ours(directory / name, before, name in own))
    if foreign := [name for name in kept if name in own]:
        raise OutputError(f"{foreign[0]} there is not a file that puffer-edge wrote",
                          where=str(directory), hint="move it, or give another directory")
    written = sorted(files.keys() - kept)
    try:
        for name in written:
            _folder(directory, name)
            replace_file(directory / name, files[name])
        replace_file(directory / RECORD, record)
    except OSError as error:
        raise OutputError(f"the project cannot be written: {error.strerror}",
                          where=str(directory)) from error
    return Written(written, kept)


def _folder(directory: Path, name: str) -> None:
    """Makes the folder of a file, unless a link there leads elsewhere."""
    folder = directory
    for part in Path(name).parts[:-1]:
        folder = folder / part
        if folder.is_symlink():
            raise OutputError(f"{name} would be written through a link", where=str(folder),
                              hint="remove the link")
        folder.mkdir(exist_ok=True)


def _recorded(directory: Path) -> dict[str, str]:
    """Hashes by name of what was written into a project."""
    try:
        found = json.loads(read_file(directory / RECORD, LARGEST_RECORD))
    except (FileFormatError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise OutputError("the directory is not empty, and no project of puffer-edge",
                          where=str(directory), hint="give an empty or a new directory")
    return found


def _ours(path: Path, before: Mapping[str, str], own: bool) -> bool:
    """Whether a file may be written over."""
    if path.is_symlink() or not path.is_file() or path.name not in before:
        return False
    return own or _digest(path.read_bytes()) == before[path.name]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
