# SPDX-License-Identifier: MIT
"""Which tests reach which line, and how long each takes: one run of each folder of tests.

A record is kept beside the results. Test files that changed since are recorded again, alone; of a
source that has changed since, the lines are not trusted, only that it is reached.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.mutants.forking import forked


@dataclass(frozen=True)
class Run:
    """What one run of some test files said.

    Attributes:
        files: the test files that ran, and their digests at that time.
        sources: the digests of all sources at that time.
        names: of all tests, in order; the numbers below count them.
        seconds: of each of them.
        failed: tests that did not pass in the unchanged tree; they find nothing.
        reached: by source file and line (0: the file as a whole), the numbers of tests.
    """

    files: dict[str, str]
    sources: dict[str, str]
    names: list[str]
    seconds: list[float]
    failed: list[str]
    reached: dict[str, dict[str, list[int]]]

    def tests(self, tree: Path, path: str, line: int | None) -> set[str]:
        """Those that reach a line, or any of the file for None, or if its lines are others now."""
        lines = self.reached.get(path, {})
        found = set(lines.get("0", ()))
        for folder, kinds in self.reached.items():
            if path.startswith(f"{folder}/"):  # that a compiler was pointed at
                found |= set(kinds.get("0", ()))
        if line is None or self.sources.get(path) != digest(tree / path):
            found = found.union(*lines.values())
        else:
            found |= set(lines.get(str(line), ()))
        return {self.names[number] for number in found}


@dataclass(frozen=True)
class Record:
    """The runs that hold for the tests of a room, the newest first."""

    runs: list[Run]
    now: dict[str, str]

    @cached_property
    def seconds(self) -> dict[str, float]:
        """Of each test that passes."""
        return {name: time for run, wanted in self._runs()
                for name, time in zip(run.names, run.seconds, strict=True)
                if _file(name) in wanted and name not in run.failed}

    def tests(self, tree: Path, path: str, line: int) -> set[str]:
        """Those that reach a line of a source, and pass.

        What is in no function runs once, for the first test that imports it: those count that reach
        any line of the file; all of them, of a module that only has constants. So do those that
        reach the file where none is seen to reach the line.
        """
        called = _called(tree / path)
        if path.endswith(".py") and not called:
            return set(self.seconds)
        for exact in ([line] if line in called else []) + [None]:
            found = {name for run, wanted in self._runs() for name in run.tests(tree, path, exact)
                     if _file(name) in wanted and name in self.seconds}
            if found:
                break
        return found

    def missing(self) -> list[str]:
        """Test files of which no run holds."""
        return sorted(set(self.now).difference(*(wanted for _, wanted in self._runs())))

    def _runs(self) -> Iterator[tuple[Run, set[str]]]:
        """Each run with the test files that it is the newest of, and that are as they were."""
        done: set[str] = set()
        for run in self.runs:
            wanted = {file for file, then in run.files.items() if self.now.get(file) == then} - done
            done |= wanted
            yield run, wanted


def recorded(tree: Path, places: Iterable[str], sources: Iterable[str], kept: Path) -> Record:
    """What the tests of several folders reach; those that no run holds for are run."""
    runs, now = [], {}
    for place in places:
        at = tree / place
        mine = {path.relative_to(tree).as_posix(): digest(path)
                for path in ([at] if at.is_file() else at.rglob("test_*.py"))}
        record = _kept(kept, place, mine)
        if missing := record.missing():
            print(f"recording {len(missing)} files of {place}", flush=True)
            made = _run(tree, place, missing if record.runs else [place], kept)
            made |= {"files": {file: mine[file] for file in missing},
                     "sources": {path: digest(tree / path) for path in sources}}
            path = kept / f"{place.replace('/', '.')}.{len(record.runs)}.reached.json"
            path.write_text(json.dumps(made))
            record = _kept(kept, place, mine)
        runs += record.runs
        now |= mine
    return Record(runs, now)


def _kept(kept: Path, place: str, now: dict[str, str]) -> Record:
    paths = sorted(kept.glob(f"{place.replace('/', '.')}.*.reached.json"),
                   key=lambda path: int(path.name.split(".")[-3]), reverse=True)
    return Record([Run(**json.loads(path.read_text())) for path in paths], now)


def _called(path: Path) -> set[int]:
    """The lines inside functions: other ones run once, for whichever test imports the module."""
    if path.suffix != ".py":
        return set()
    return {line for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef | ast.Lambda)
            for inner in (node.body if isinstance(node.body, list) else [node.body])
            for line in range(inner.lineno, (inner.end_lineno or 0) + 1)}


def _file(test: str) -> str:
    return test.partition("::")[0]


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the sources in a folder."""
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.name.encode() + b"\0" + file.read_bytes())
    return whole.hexdigest()


def _run(tree: Path, place: str, files: list[str], kept: Path) -> dict[str, Any]:
    import pytest

    from tests.mutants.recording import Recorder  # needs coverage

    def work() -> dict[str, Any]:
        with TemporaryDirectory() as folder:
            recorder = Recorder(tree, Path(folder))
            pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files],
                        plugins=[recorder])
            return recorder.result()

    log = kept / f"{place.replace('/', '.')}.log"
    made = forked(tree, log, work)
    if made is None:
        raise RuntimeError(f"{place} does not run in the copy of the tree; see {log}")
    result: dict[str, Any] = made
    return result
