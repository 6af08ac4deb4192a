# SPDX-License-Identifier: MIT
"""The build back end: setuptools, whose sdist and wheel have the same bytes at any time.

setuptools writes times and owners of files into the sdist; here they are ``SOURCE_DATE_EPOCH``, or
the first time that a zip can hold.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable", "build_sdist", "build_wheel", "get_requires_for_build_editable",
    "get_requires_for_build_sdist", "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable", "prepare_metadata_for_build_wheel"]
_FIRST = "315532800"


def build_wheel(directory: str, *arguments: Any, **options: Any) -> str:
    """As PEP 517 has it."""
    os.environ.setdefault("SOURCE_DATE_EPOCH", _FIRST)
    return str(build_meta.build_wheel(directory, *arguments, **options))


def build_sdist(directory: str, *arguments: Any, **options: Any) -> str:
    """As PEP 517 has it."""
    os.environ.setdefault("SOURCE_DATE_EPOCH", _FIRST)
    name = str(build_meta.build_sdist(directory, *arguments, **options))
    _normalise(Path(directory) / name, int(os.environ["SOURCE_DATE_EPOCH"]))
    return name


def _normalise(path: Path, time: int) -> None:
    """Writes the archive again: members by name, of nobody, all of one time."""
    packed = io.BytesIO()
    with (tarfile.open(path) as old,
          tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new):
        for member in sorted(old.getmembers(), key=lambda each: each.name):
            member.mtime, member.pax_headers = time, {}
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    path.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
