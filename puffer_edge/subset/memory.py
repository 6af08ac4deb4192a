# SPDX-License-Identifier: MIT
"""What was found in a file is not looked for again: findings by everything that they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path

from puffer_edge.cache import cache_folder
from puffer_edge.subset.config import Config
from puffer_edge.subset.finding import Finding
from puffer_edge.version import VERSION

MOST = 20_000
"""Files of the cache; the oldest half of more is removed."""
MARKS = ("no-alloc", "no_alloc", "puffer-edge:")
"""A file with one of these may be followed into the others."""


class Memory:
    """Findings of earlier runs.

    Attributes:
        joined: what is found in one file depends on all.

    Args:
        config: of the run.
        texts: of all files by path.
        local: modules beside each file, by path.
        given: modules that the files are.
    """

    def __init__(self, config: Config, texts: Mapping[str, str],
                 local: Mapping[str, Collection[str]], given: Collection[str]) -> None:
        self.joined = any(mark in text for text in texts.values() for mark in MARKS)
        common = [VERSION, sys.version_info[:2], _rules(), repr(config), sorted(given),
                  sorted(texts.items()) if self.joined else None]
        start = hashlib.sha256(repr(common).encode("utf-8", "surrogatepass"))
        self._keys = {}
        for path, text in texts.items():
            digest = start.copy()
            digest.update(repr((path, text, sorted(local[path]))).encode("utf-8", "surrogatepass"))
            self._keys[path] = digest.hexdigest()
        self._folder = cache_folder() / "check"

    def findings(self, path: str) -> list[Finding] | None:
        """Those of a file; None where they are not known."""
        try:
            rows = json.loads((self._folder / self._keys[path]).read_text("utf-8"))
            return [Finding(path, int(line), int(column), str(code), str(text), int(last))
                    for line, column, code, text, last in rows]
        except (OSError, ValueError, TypeError):
            return None

    def remember(self, path: str, findings: Collection[Finding]) -> None:
        """Keeps the findings of a file, where the cache can be written."""
        rows = [[each.line, each.column, each.code, each.text, each.last] for each in findings]
        draft = self._folder / f".{self._keys[path]}.{os.getpid()}"
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            draft.write_text(json.dumps(rows), "utf-8")
            os.replace(draft, self._folder / self._keys[path])

    def tidy(self) -> None:
        """Removes the oldest files of a cache that has grown large."""
        with suppress(OSError):
            found = list(os.scandir(self._folder))
            if len(found) > MOST:
                for entry in sorted(found, key=lambda entry: entry.stat().st_mtime)[:MOST // 2]:
                    Path(entry.path).unlink(missing_ok=True)


@cache
def _rules() -> str:
    """A hash of the checker itself: rules, names and boards."""
    digest = hashlib.sha256()
    todo = [files("puffer_edge.subset")]
    while todo:
        for entry in sorted(todo.pop().iterdir(), key=lambda entry: entry.name):
            if entry.is_dir() and entry.name != "__pycache__":
                todo.append(entry)
            elif entry.name.endswith((".py", ".json")):
                digest.update(entry.name.encode() + b"\0" + entry.read_bytes())
    return digest.hexdigest()
