# SPDX-License-Identifier: MIT
"""The rules as a flake8 plugin: settings come from [tool.puffer-edge.check] in pyproject.toml."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from puffer_edge.version import VERSION


class Plugin:
    """One file, as flake8 gives it.

    Args:
        tree: its syntax tree; it is parsed again, with the comments.
        filename: as flake8 names it; its directory is where the settings are looked for.
        lines: of the file.
    """

    name = "puffer-edge"
    version = VERSION

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str]) -> None:
        self._path = Path(filename)
        self._text = "".join(lines)

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """Line, column from 0, text with the code, and the plugin's class."""
        from puffer_edge.subset.checking import check_source
        from puffer_edge.subset.config import read_config

        report = check_source(self._text, read_config(self._path.parent), str(self._path))
        for finding in report.findings:
            yield finding.line, finding.column - 1, f"{finding.code} {finding.text}", Plugin
