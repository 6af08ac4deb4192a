# SPDX-License-Identifier: MIT
"""A plugin of pytest that records what each test reaches, and the processor's time that it takes.

Python is recorded by line; what is no Python that we import (kernels, the runtime of MicroPython)
by the file that was opened, or by the folder that a compiler was pointed at. What a fixture does
for several tests counts for each of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from functools import _lru_cache_wrapper
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage, CoverageData

CHILD = '''import os
if os.environ.get("PUFFER_EDGE_MUTANTS_CONTEXT"):
    import atexit
    import coverage
    recorder = coverage.Coverage(
        data_file=os.environ["PUFFER_EDGE_MUTANTS_DATA"], data_suffix=True, config_file=False,
        context=os.environ["PUFFER_EDGE_MUTANTS_CONTEXT"],
        include=os.environ["PUFFER_EDGE_MUTANTS_INCLUDE"].split(":"))
    recorder.start()
    atexit.register(lambda: (recorder.stop(), recorder.save()))
'''
"""``sitecustomize.py`` of Python processes that a test starts."""

Reached = dict[str, Any]


def _worked() -> float:
    """Seconds of the processor that this process and its ended children took.

    By the clock a test would take longer beside other work, and be left out by a limit.
    """
    return sum(os.times()[:4])


class Recorder:
    """Records one run of pytest.

    Args:
        root: of the tree.
        folder: an empty one for what child processes leave.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root.resolve(), folder
        self.context = ""
        self.seconds: dict[str, float] = {}
        self.fixtures: dict[str, list[str]] = {}
        self.failed: set[str] = set()
        self.opened: dict[str, set[str]] = {}
        include = [f"{self.root}/{room}/*" for room in ("puffer_edge", "exporters", "runtimes")]
        (folder / "sitecustomize.py").write_text(CHILD)
        sys.path.append(str(folder))  # some give their own path to a child
        os.environ.update(
            PYTHONPATH=f"{folder}:{os.environ.get('PYTHONPATH', self.root)}",
            PUFFER_EDGE_MUTANTS_DATA=str(folder / "data"),
            PUFFER_EDGE_MUTANTS_INCLUDE=":".join(include))
        self.coverage = Coverage(data_file=None, config_file=False, include=include)
        self.coverage.start()
        sys.addaudithook(self._seen)

    def _seen(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[0], str) and "/runtimes/" in args[0]:
            self.opened.setdefault(os.path.realpath(args[0]), set()).add(self.context)
        elif event == "subprocess.Popen":
            for word in args[1] if isinstance(args[1], list | tuple) else ():
                if isinstance(word, str) and word.startswith("-I") and "/runtimes/c" in word:
                    self.opened.setdefault(os.path.realpath(word[2:]), set()).add(self.context)

    def _to(self, context: str) -> None:
        self.context = os.environ["PUFFER_EDGE_MUTANTS_CONTEXT"] = context
        self.coverage.switch_context(context)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, None, None]:
        """One test with the fixtures that are its own."""
        for name, module in list(sys.modules.items()):
            if name.startswith("puffer_edge.exporters"):
                for each, value in vars(module).items():
                    # Or only the first test would open what it reads; but the homes of names are
                    # found by opening everything, which is not to count.
                    if isinstance(value, _lru_cache_wrapper) and each != "homes":
                        value.cache_clear()
        self._to("")
        if runtime := sys.modules.get("puffer_edge.exporters.micropython.runtime"):
            for folder in ("runtime", "small"):
                runtime.homes(folder)
            runtime._text.cache_clear()
        self.fixtures[item.nodeid] = list(getattr(item, "fixturenames", ()))
        self._to(item.nodeid)
        begin = _worked()
        yield
        self.seconds[item.nodeid] = _worked() - begin

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, None, None]:
        """What is made once for many."""
        before = self.context
        if fixturedef.scope != "function":
            self._to(f"fixture {fixturedef.argname} {fixturedef.baseid}")
        yield
        self._to(before)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tests that fail without a fault find none."""
        if report.outcome != "passed":  # a skipped one neither
            self.failed.add(report.nodeid)

    def result(self) -> Reached:
        """Tests, their seconds, and which of them reach a line; line 0 of what was opened."""
        self.coverage.stop()
        reached: dict[str, dict[str, set[str]]] = {}
        children = []
        for path in self.folder.glob("data.*"):
            children.append(CoverageData(basename=str(path)))
            children[-1].read()
        for data in (self.coverage.get_data(), *children):
            for file in data.measured_files():
                lines = reached.setdefault(self._relative(file), {})
                for line, contexts in data.contexts_by_lineno(file).items():
                    lines.setdefault(str(line), set()).update(self._tests(contexts))
        for file, opening in self.opened.items():
            if file.startswith(f"{self.root}/"):
                lines = reached.setdefault(self._relative(file), {})
                lines.setdefault("0", set()).update(self._tests(opening))
        names = list(self.seconds)
        numbers = {test: number for number, test in enumerate(names)}
        return {"names": names, "seconds": list(self.seconds.values()),
                "failed": sorted(self.failed),
                "reached": {path: {line: sorted(numbers[test] for test in tests & set(numbers))
                                   for line, tests in lines.items()}
                            for path, lines in reached.items()}}

    def _relative(self, file: str) -> str:
        return Path(file).resolve().relative_to(self.root).as_posix()

    def _tests(self, contexts: Any) -> set[str]:
        tests = set()
        for context in contexts:
            if context.startswith("fixture "):
                _, name, base = context.split(" ", 2)
                tests |= {test for test, names in self.fixtures.items()
                          if name in names and test.startswith(base)}
            elif context:
                tests.add(context)
        return tests
