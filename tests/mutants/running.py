# SPDX-License-Identifier: MIT
"""Runs the tests that reach a planted fault, the quick ones first, until one fails."""

from __future__ import annotations

import faulthandler
import importlib.util
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.forking import forked
from tests.mutants.mutations import Mutation
from tests.mutants.reaching import Record

PATIENCE = 40.0
"""Seconds of a test beyond twenty times what it takes without a fault; then it has no end."""


class Chosen:
    """A plugin of pytest that runs these tests in this order, and ends one that does not end.

    Args:
        seconds: that each test takes without a fault, in order.
        state: file that tells the test under way.
    """

    def __init__(self, seconds: dict[str, float], state: Path) -> None:
        self.seconds, self.state = seconds, state
        self.failed: str | None = None

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        order = {test: place for place, test in enumerate(self.seconds)}
        items[:] = sorted((item for item in items if item.nodeid in order),
                          key=lambda item: order[item.nodeid])

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, None, None]:
        """Ends the process where a test takes far longer than it does without a fault."""
        self.state.write_text(item.nodeid)
        faulthandler.dump_traceback_later(PATIENCE + 20 * self.seconds[item.nodeid], exit=True,
                                          file=sys.__stderr__)
        yield
        faulthandler.cancel_dump_traceback_later()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed = f"{report.nodeid} (does not load)"


def killer(tree: Path, mutation: Mutation, record: Record, kept: Path, limit: float,
           killers: Counter[str]) -> str | None:
    """The test that finds the fault, or None.

    Args:
        tree: a copy; the file is as before afterwards.
        mutation: what is planted.
        record: what the tests of the room reach.
        kept: folder for logs.
        limit: seconds of tests that are run at most, by the record; what is beyond is not asked.
        killers: how often each test found a fault of this file; those come first, then those of
            its name, then the quick ones.
    """
    chosen: dict[str, float] = {}
    # What nobody is seen to reach, a child process may, which records nothing.
    tests = record.tests(tree, mutation.path, mutation.line) or record.seconds.keys()
    for test in sorted(tests, key=lambda test: (
            -killers[test], -akin(mutation.path, test), record.seconds[test], test)):
        if not chosen or sum(chosen.values()) + record.seconds[test] <= limit:
            chosen[test] = record.seconds[test]
    if not chosen:
        return None
    with planted(tree, mutation):
        return _first_to_fail(tree, chosen, kept)


@contextmanager
def planted(tree: Path, mutation: Mutation) -> Iterator[None]:
    """The tree with a fault; afterwards it is as before."""
    path = tree / mutation.path
    text, times = path.read_text(encoding="utf-8"), path.stat()
    path.write_text(mutation.applied(text), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


def akin(path: str, test: str, *, whole: bool = False) -> int:
    """How many words of a file's name and its folder's, or of its whole path, a test's has."""
    parts = Path(path).with_suffix("").parts
    return len(_words("/".join(parts if whole else parts[-2:])) & _words(test))


def _words(text: str) -> set[str]:
    """Those of one letter say nothing: a folder ``c`` is no reason to ask test_c.py first."""
    return {word for word in re.split(r"[^a-z0-9]+", text.lower()) if len(word) > 1}


def _first_to_fail(tree: Path, chosen: dict[str, float], kept: Path) -> str | None:
    state = (kept / f"under-way.{os.getpid()}").resolve()
    state.write_text("the first import")

    def work() -> Any:
        plugin = Chosen(chosen, state)
        code = pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist",
                            "-o", "faulthandler_timeout=0", *_files(chosen)], plugins=[plugin])
        return [int(code), plugin.failed]

    log = kept / f"mutant.{os.getpid()}.log"
    made = forked(tree, log, work)
    if made is None:
        return f"{state.read_text()} (no end, or a crash)"
    code, failed = made
    if code not in (0, 1, 2, 4) or (code and failed is None):
        raise RuntimeError(f"pytest says {code}; see {log}")
    return str(failed) if code else None


def _files(tests: Iterable[str]) -> list[str]:
    return sorted({test.partition("::")[0] for test in tests})


def told(path: Path) -> list[dict[str, Any]]:
    """What was found before, a line for each mutation."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
