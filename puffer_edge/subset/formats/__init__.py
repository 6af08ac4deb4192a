# SPDX-License-Identifier: MIT
"""How a report is written: text, json, sarif or github."""

from __future__ import annotations

from collections.abc import Callable

from puffer_edge.subset.checking import Report
from puffer_edge.subset.formats.github import github
from puffer_edge.subset.formats.json import as_json
from puffer_edge.subset.formats.sarif import sarif
from puffer_edge.subset.formats.text import text

FORMATS: dict[str, Callable[[Report], str]] = {
    "text": text, "json": as_json, "sarif": sarif, "github": github}
