# SPDX-License-Identifier: MIT
"""Which tests reach which line, by one run of a room's tests under coverage."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.mutants.rooms import Room


def reaching(root: Path, name: str, room: Room, folder: Path) -> dict[str, dict[int, list[str]]]:
    """Tests by file and line; kept in ``folder``, as it takes minutes.

    Raises:
        subprocess.CalledProcessError: the tests fail without any mutation.
    """
    kept = folder / f"{name}.json"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        data = folder / f"{name}.coverage"
        settings = folder / "coveragerc"
        settings.write_text("[run]\ndynamic_context = test_function\n")
        subprocess.run(
            [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}",
             f"--data-file={data}", f"--include={','.join(_patterns(room))}", "-m", "pytest", "-q",
             "-p", "no:cacheprovider", "-p", "no:xdist", *_existing(root, room)],
            cwd=root, check=True, stdout=subprocess.DEVNULL)
        kept.write_text(json.dumps(_lines(root, data)))
    found: dict[str, dict[str, list[str]]] = json.loads(kept.read_text())
    return {path: {int(line): tests for line, tests in lines.items()}
            for path, lines in found.items()}


def _patterns(room: Room) -> list[str]:
    return [pattern.replace("**/", "*") for pattern in room.sources]


def _existing(root: Path, room: Room) -> list[str]:
    return [test for test in room.tests if (root / test).exists()]


def _lines(root: Path, data: Path) -> dict[str, dict[int, list[str]]]:
    from coverage import CoverageData

    recorded = CoverageData(basename=str(data))
    recorded.read()
    lines: dict[str, dict[int, list[str]]] = {}
    for file in recorded.measured_files():
        path = Path(file).resolve().relative_to(root.resolve()).as_posix()
        for line, contexts in recorded.contexts_by_lineno(file).items():
            tests = sorted({context.rpartition(".")[2] for context in contexts if context})
            lines.setdefault(path, {}).setdefault(line, []).extend(tests)
    return lines
