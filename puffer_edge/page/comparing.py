# SPDX-License-Identifier: MIT
"""Two artefacts side by side: what their manifests say, and their reports where they have some."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puffer_edge.artefact.directory import read_manifest
from puffer_edge.page.writing import read_report
from puffer_edge.verification.report import LABELS

Value = str | int | float | None


@dataclass(frozen=True)
class Row:
    """One thing of both.

    Attributes:
        what: it is.
        first, second: what each has; None where it is not known.
    """

    what: str
    first: Value
    second: Value

    @property
    def ratio(self) -> float | None:
        """Second over first, of numbers."""
        one, two = self.first, self.second
        if isinstance(one, str) or isinstance(two, str) or not one or two is None:
            return None
        return two / one


def compare(first: Path, second: Path) -> list[Row]:
    """What two artefacts have, row by row; rows that neither has are left out.

    Raises:
        FileFormatError: one of them is no artefact.
    """
    one, two = (dict(_facts(path)) for path in (first, second))
    return [Row(what, one.get(what), two.get(what)) for what in {**one, **two}]


def _facts(directory: Path) -> Iterator[tuple[str, Value]]:
    manifest, report = read_manifest(directory), read_report(directory)
    for key in ("name", "target", "scheme", "tool", "parameters", "macs"):
        yield key, manifest[key]
    yield "SHA-256 of the policy file", manifest["source"]["sha256"]
    for key in ("weights_bytes", "struct_bytes", "arena_bytes"):
        yield LABELS.get(key, key), manifest["memory"][key]
    for row in manifest.get("quantization", {}).get("layers", []):
        yield f"error that {row['layer'] or 'a layer'} adds", row["error"]
    if report and report.get("passed") is not None:
        yield "verdict", "passed" if report["passed"] else "failed"
    yield from _numbers(report.get("measurements"))
    played = report.get("played")
    if isinstance(played, dict) and isinstance(played.get("policy"), dict):
        mean = played["policy"].get("mean")
        if isinstance(mean, int | float):
            yield f"mean return in {played.get('environment')}", mean


def _numbers(found: Any) -> Iterator[tuple[str, Value]]:
    """The measurements of a report that may be anybody's."""
    for key, value in (found.items() if isinstance(found, dict) else ()):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield LABELS.get(key, str(key)), value
