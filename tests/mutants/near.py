# SPDX-License-Identifier: MIT
"""Without a record: runs the test files of a room that are nearest to a planted fault.

Near is what imports the faulty module by the fewest steps, then what has its words in its name,
then what has its name most often. What runs on devices nobody imports.
"""

from __future__ import annotations

import os
import resource
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.forking import forked
from tests.mutants.mutations import Mutation
from tests.mutants.running import akin, planted
from tests.project import tested

SPARE = 100
"""Seconds of the processor beyond the limit after which a test that is under way has no end."""


class Stopping:
    """A plugin of pytest that begins no test beyond a limit of the processor's seconds."""

    def __init__(self, limit: float) -> None:
        self.limit, self.failed = limit, ""

    @property
    def spent(self) -> bool:
        """Whether no more is to run."""
        return sum(os.times()[:4]) > self.limit

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, None, None]:
        """One test."""
        yield
        if self.spent:
            item.session.shouldstop = "the limit"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed = report.nodeid


def near(tree: Path, mutation: Mutation, places: Sequence[str], kept: Path, limit: float,
         killers: Counter[str], unsound: set[str]) -> str | None:
    """The test that finds the fault, or None.

    Args:
        tree, mutation, kept: as for :func:`running.killer`.
        places: folders and files of the room's tests.
        limit: seconds of the processor, for all tests together.
        killers: how often a test found a fault of this file; their files come first.
        unsound: tests that fail without a fault; more may be added.
    """
    files = ordered(tree, mutation.path, places, killers)
    while True:
        with planted(tree, mutation):
            failed = _first_to_fail(tree, files, kept, limit, unsound)
        if not failed or "::" not in failed:
            return failed
        if _first_to_fail(tree, [failed], kept, limit, set()) is None:
            return failed
        unsound.add(failed)


def ordered(tree: Path, path: str, places: Sequence[str], killers: Counter[str]) -> list[str]:
    """Test files of some folders, the nearest to a source first."""
    found = {file.relative_to(tree).as_posix() for place in places for file in (
        [tree / place] if (tree / place).is_file() else (tree / place).rglob("test_*.py"))}
    parts = Path(path).with_suffix("").parts
    module = ".".join(parts if parts[0] == "puffer_edge" else ("puffer_edge", *parts))
    runs_elsewhere = path.startswith(("runtimes/c/", "runtimes/micropython/"))
    steps = {} if runs_elsewhere else tested.distances().get(module, {})
    best: Counter[str] = Counter()
    for test, count in killers.items():
        best[test.partition("::")[0]] += count
    stem, words = parts[-1].replace("_", ""), {part for part in parts[-1].split("_") if part[2:]}

    def key(file: str) -> tuple[int, int, int, int, str]:
        text = (tree / file).read_text(encoding="utf-8").replace("_", "").lower()
        return (-best[file], steps.get(file[:-3].replace("/", "."), 9),
                -akin(path, file, whole=True),
                -9 * text.count(stem) - sum(min(text.count(word), 3) for word in words), file)
    return sorted(found, key=key)


def _first_to_fail(tree: Path, tests: Sequence[str], kept: Path, limit: float,
                   without: set[str]) -> str | None:
    def work() -> Any:
        before = sum(os.times()[:4])
        resource.setrlimit(resource.RLIMIT_CPU, (int(before + limit) + SPARE,) * 2)
        plugin = Stopping(before + limit)
        for test in tests:
            pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", test,
                         *(f"--deselect={one}" for one in without)], plugins=[plugin])
            if plugin.failed or plugin.spent:
                break
        return plugin.failed

    made = forked(tree, kept / f"mutant.{os.getpid()}.log", work)
    return "no end, or a crash" if made is None else made or None
