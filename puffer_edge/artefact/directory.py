# SPDX-License-Identifier: MIT
"""The artefact directory: written whole or not at all, and never over somebody else's files."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from puffer_edge.artefact.manifest_schema import MANIFEST as LAYOUT
from puffer_edge.artefact.replacing import PREFIX, replace_directory, restore, tidy
from puffer_edge.artefact.schema import check
from puffer_edge.errors import FileFormatError, OutputError
from puffer_edge.readers.regular_file import read_file

MANIFEST = "policy.json"
LARGEST_MANIFEST = 1 << 26
"""Bytes; a policy of a thousand layers has some hundred thousand."""
REPORTS = ("report.json", "report.md", "report.html")
FORMAT = "puffer-edge artefact"


def write(directory: Path, files: Mapping[str, bytes]) -> None:
    """Puts files into a directory that appears, complete, at once.

    Args:
        directory: does not exist, is empty, or is an artefact and nothing else, which is then
            replaced; or a link to such a directory, which stays.
        files: contents by name.

    Raises:
        OutputError: the directory holds something else, cannot be written, or cannot be exchanged
            for another: the working directory, one above it, a mount point.
    """
    try:
        directory = _exchangeable(directory)
        directory.parent.mkdir(parents=True, exist_ok=True)
        tidy(directory)
        _check_replaceable(directory)
        replace_directory(directory, files)
    except OSError as error:
        raise OutputError(f"the artefact cannot be written: {error.strerror}",
                          where=str(directory)) from error


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest of an artefact, every part of it of its type and form.

    Raises:
        FileFormatError: the directory is no artefact, or its manifest is damaged.
    """
    manifest = _parsed(directory)
    try:
        check(manifest, LAYOUT)
    except ValueError as error:
        raise FileFormatError(f"the manifest is damaged: {error}",
                              where=str(directory / MANIFEST),
                              hint="export the policy again") from None
    return manifest


def _parsed(directory: Path) -> dict[str, Any]:
    """The manifest of this or any other version."""
    path = directory / MANIFEST
    restore(directory)
    try:
        text = read_file(path, LARGEST_MANIFEST)
    except FileFormatError as error:
        raise FileFormatError(f"there is no artefact here: {MANIFEST} cannot be read "
                              f"({error.what})", where=str(directory),
                              hint="give the directory that export wrote") from error
    try:
        manifest = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"the manifest is damaged: {error}", where=str(path),
                              hint="export the policy again") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise FileFormatError("this is not the manifest of an artefact", where=str(path))
    return manifest


def as_json(data: Mapping[str, Any]) -> bytes:
    """The same bytes for the same data, ASCII only."""
    return (json.dumps(data, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def _exchangeable(directory: Path) -> Path:
    """The directory, or what a link to one leads to."""
    if directory.is_symlink() and directory.exists():
        directory = Path(os.path.realpath(directory))
    if not directory.is_dir():
        return directory
    here, whole = os.path.realpath(os.curdir), os.path.realpath(directory)
    why = ("is where you are" if here == whole else
           "holds the one where you are" if os.path.commonpath([here, whole]) == whole else
           "is a mount point" if os.path.ismount(directory) else "")
    if why:
        raise OutputError(f"the directory {why}, and cannot be exchanged for an artefact",
                          where=str(directory), hint="give a folder in it, as "
                          f"--output {shlex.quote(os.path.join(directory, 'policy'))}")
    return directory


def _check_replaceable(directory: Path) -> None:
    if not directory.exists() and not directory.is_symlink():
        return
    if directory.is_symlink() or not directory.is_dir():
        raise OutputError("the output is not a directory", where=str(directory),
                          hint="give another directory with --output")
    try:
        present = {path.name for path in directory.iterdir()}
        files = _parsed(directory).get("files") if present else None
    except FileFormatError:
        raise OutputError("the directory exists and is no artefact of puffer-edge",
                          where=str(directory),
                          hint="give another directory with --output") from None
    known = {MANIFEST, *REPORTS, *(files if isinstance(files, dict) else ())}
    unfinished = {name for name in present if name.startswith(PREFIX)}  # of a killed verify
    if foreign := sorted(present - known - unfinished):
        raise OutputError(f"the artefact there is not replaced, as the directory also holds "
                          f"{foreign[0]!a}", where=str(directory),
                          hint="move your own files, or give another directory with --output")


def replace_file(path: Path, content: bytes) -> None:
    """Puts a file where another may be, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, work = tempfile.mkstemp(prefix=PREFIX, dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.chmod(work, 0o644)
        os.replace(work, path)
    except OSError:
        Path(work).unlink(missing_ok=True)
        raise
