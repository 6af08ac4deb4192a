# SPDX-License-Identifier: MIT
"""report.json and report.html of an artefact, which several commands fill.

What another command found is kept as long as it is of the very same artefact: the manifest's hash
says so. A report that lies there may be anybody's; whatever it holds becomes text of the page.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from puffer_edge.artefact.directory import MANIFEST, as_json, replace_file
from puffer_edge.artefact.opening import read_subject
from puffer_edge.errors import FileFormatError, OutputError
from puffer_edge.exporters.regenerating import read_code
from puffer_edge.page.player.building import Player, build
from puffer_edge.page.render import render
from puffer_edge.readers.regular_file import read_file
from puffer_edge.verification.describing import about

PARTS = ("played", "bench", "doctor", "fit")
"""Keys of report.json that other commands than verify write."""
REPORT, PAGE = "report.json", "report.html"
LARGEST = 1 << 24
"""Bytes of a report that is read."""


def kept(directory: Path) -> dict[str, Any]:
    """What other commands found of the artefact that lies there."""
    found = read_report(directory)
    return {key: found[key] for key in PARTS if key in found}


def write_page(directory: Path, report: Mapping[str, Any], player: Player | None = None) -> Path:
    """Writes both files.

    Args:
        directory: the artefact.
        report: what report.json shall hold.
        player: of the page; see :func:`player_of`.

    Returns:
        The page.

    Raises:
        OutputError: they cannot be written.
    """
    page = render(report, player)
    try:
        replace_file(directory / REPORT, as_json(report))
        replace_file(directory / PAGE, page.encode("utf-8"))
    except OSError as error:
        raise OutputError(f"the report cannot be written: {error.strerror}",
                          where=str(directory)) from error
    return directory / PAGE


def size_of(page: Path) -> str:
    """How large a page is, in words; what of it is WebAssembly is told apart."""
    text = page.read_text(encoding="utf-8")
    compiled = sum(len(found) for found in re.findall(r'"wasm":"([A-Za-z0-9+/=]*)"', text))
    return f"{page.name}: {len(text):,} bytes" + (
        f", of which {compiled:,} are the policy as WebAssembly" if compiled else "")


def add(directory: Path, key: str, part: object, trust: bool = False,
        progress: Callable[[str], None] = lambda text: None) -> Path:
    """Puts what a command found into the artefact's report, and writes its page anew.

    Args:
        directory: the artefact.
        key: one of :data:`PARTS`.
        part: plain data.
        trust: take the code that lies there; see ``verify``.
        progress: is told what is being done.

    Raises:
        FileFormatError: the directory is no artefact.
        OutputError: the report cannot be written.
    """
    assert key in PARTS
    progress(f"writing {PAGE}")
    report = {**(read_report(directory) or _unverified(directory)), key: part}
    return write_page(directory, report, player_of(directory, report, trust))


def player_of(directory: Path, report: Mapping[str, Any], trust: bool = False) -> Player:
    """The policy that plays in the page; made of code that this version writes.

    Args:
        directory: the artefact.
        report: which may know the environment.
        trust: take the code that lies there.
    """
    subject = read_subject(directory)
    player = build(subject, read_code(directory, subject.manifest, trust=trust))
    played = report.get("played")
    if not player.data or not isinstance(played, dict):
        return player
    observe = played.get("observe")
    named = [part for part in observe if type(part) is int] if isinstance(observe, list) else []
    return replace(player, data={**player.data, "observe": named,
                                 "environment": str(played.get("environment", ""))})


def _unverified(directory: Path) -> dict[str, Any]:
    """The report of an artefact that was never verified."""
    subject = read_subject(directory)
    return {"passed": None, "name": subject.manifest["name"],
            "target": subject.manifest["target"], "checks": [], "measurements": {},
            "notes": subject.manifest["notes"], **about(subject)}


def read_report(directory: Path) -> dict[str, Any]:
    """The report that lies there; nothing where it is of another artefact, or none."""
    try:
        found = json.loads(read_file(directory / REPORT, LARGEST).decode("utf-8"))
        manifest = hashlib.sha256(read_file(directory / MANIFEST)).hexdigest()
        return found if found["about"]["manifest"] == manifest else {}
    except (FileFormatError, ValueError, TypeError, KeyError, RecursionError):
        return {}
