# SPDX-License-Identifier: MIT
"""Files in, findings and problems out."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from puffer_edge.errors import FileFormatError, PufferEdgeError
from puffer_edge.subset import rules as _rules
from puffer_edge.subset.analysis.follow import Follower
from puffer_edge.subset.analysis.hot import hot_nodes
from puffer_edge.subset.analysis.notes import Analysis
from puffer_edge.subset.config import Config
from puffer_edge.subset.facts.clock import Clock
from puffer_edge.subset.facts.file import File
from puffer_edge.subset.facts.names import Names
from puffer_edge.subset.facts.project import Project
from puffer_edge.subset.facts.source import Source, parse, read
from puffer_edge.subset.finding import Finding
from puffer_edge.subset.memory import Memory
from puffer_edge.subset.rule import RULES, SEVERITIES, Rule, severity
from puffer_edge.subset.suppressions import apply

_rules.load()


@dataclass(frozen=True)
class Problem:
    """A file that could not be checked.

    Attributes:
        path: the file, where known with line and column.
        text: why.
    """

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: error: {self.text}"


@dataclass
class Report:
    """The result of a run.

    Attributes:
        findings: in the order of files, lines and columns.
        problems: files that could not be checked.
        files: how many were checked.
        fail_on: the least severity that counts.
    """

    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: int = 0
    fail_on: str = SEVERITIES[-1]

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings of the severities that count, 2 files that could not be checked."""
        counted = SEVERITIES[:SEVERITIES.index(self.fail_on) + 1]
        return 2 if self.problems else int(any(
            severity(finding.code) in counted for finding in self.findings))


def check_paths(paths: Iterable[Path], config: Config, *, remember: bool = False) -> Report:
    """Checks files, and every ``.py`` file below directories.

    Args:
        paths: files and directories.
        config: what to check.
        remember: take findings from the user's cache where all that they depend on is the same.

    Raises:
        UsageError: the configuration names an unknown port or version.
    """
    names = config.firmware_names()
    report = Report(fail_on=config.fail_on)
    texts: dict[str, str] = {}
    for path in python_files(paths, config, report):
        try:
            texts[str(path)] = read(path)
        except FileFormatError as error:
            report.problems.append(Problem(error.where or str(path), error.what))
    beside, given = Beside((*config.modules, *config.known_modules)), modules_of(texts)
    memory = Memory(config, texts, {name: beside.modules(name) for name in texts},
                    given) if remember else None
    known = _remembered(memory, texts) if memory else {}
    sources = []
    for name, text in texts.items():
        try:
            if name not in known:
                sources.append(parse(name, text))
        except FileFormatError as error:
            report.problems.append(Problem(error.where or name, error.what))
    fresh = _check(sources, names, config, report, beside, given)
    if memory:
        for name, findings in fresh.items():
            memory.remember(name, findings)
        memory.tidy()
    report.files += len(known)
    report.findings = [finding for name in texts
                       for finding in (known.get(name) or fresh.get(name) or ())]
    return report


def _remembered(memory: Memory, texts: Iterable[str]) -> dict[str, list[Finding]]:
    """Findings of the files that need not be checked."""
    found = {path: memory.findings(path) for path in texts}
    known = {path: findings for path, findings in found.items() if findings is not None}
    return {} if memory.joined and len(known) < len(found) else known


def check_source(text: str, config: Config | None = None, path: str = "<source>") -> Report:
    """Checks one source text; errors of its own become problems."""
    config = config or Config()
    names = config.firmware_names()
    report = Report(fail_on=config.fail_on)
    try:
        source = parse(path, text)
    except FileFormatError as error:
        report.problems.append(Problem(error.where or path, error.what))
        return report
    beside = Beside((*config.modules, *config.known_modules))
    for findings in _check([source], names, config, report, beside, modules_of([path])).values():
        report.findings.extend(findings)
    return report


def _check(sources: list[Source], names: Names, config: Config, report: Report, beside: Beside,
           given: frozenset[str]) -> dict[str, list[Finding]]:
    """The findings of files by path; of those with problems there are none."""
    clock = Clock()
    done: dict[str, list[Finding]] = {}
    files = [File(source, names, names.port, beside.modules(source.path), clock, given)
             for source in sources]
    table: Table = {}
    for rule in RULES.values():
        if config.reports(rule.code):
            for kind in rule.nodes:
                table.setdefault(kind, []).append(rule)
    follower, broken = _follow(files, any(rule.hot and config.reports(rule.code)
                                          for rule in RULES.values()))
    for file in files:
        report.files += 1
        path = file.source.path
        clock.start(path)
        try:
            if file in broken:
                raise broken[file]
            found = [*_run(file, table), *_run_hot(follower, file, table)]
            found = _wanted(found, file, config)
        except RecursionError:
            report.problems.append(Problem(path, "is nested too deeply"))
        except PufferEdgeError as error:
            report.problems.append(Problem(error.where or path, error.what))
        else:
            done[path] = sorted(set(found))
    return done


def _wanted(found: Iterable[Finding], file: File, config: Config) -> list[Finding]:
    """Findings that neither a comment nor the configuration takes away."""
    path = file.source.path
    return [item for item in apply(path, file.comments, found)
            if config.reports_in(item.code, path)]


def hits(file: File, config: Config) -> list[tuple[str, ast.AST]]:
    """Codes and nodes of a file's findings, but for those of functions that must not allocate."""
    found = []
    for node in file.tree.nodes:
        for rule in RULES.values():
            if not rule.hot and isinstance(node, rule.nodes) and node not in file.programs:
                for place, text in rule.check(node, file):
                    hit = finding(file, rule.code, place, text)
                    if hit in _wanted([hit], file, config):
                        found.append((rule.code, place))
    return found


def modules_of(paths: Iterable[str]) -> frozenset[str]:
    """The modules that files are, and the packages that they are in."""
    found = set()
    for name in paths:
        path = Path(name)
        found |= {path.stem, path.parent.name}  # a package without __init__.py, too
    return frozenset(found)


Table = dict[type[ast.AST], list[Rule]]


def _follow(files: list[File], wanted: bool) -> tuple[Follower, dict[File, PufferEdgeError]]:
    """Follows the functions that must not allocate; files whose declarations are wrong."""
    broken: dict[File, PufferEdgeError] = {}
    for file in files:
        try:
            _ = file.declarations
        except PufferEdgeError as error:
            broken[file] = error
        except RecursionError:
            broken[file] = FileFormatError("is nested too deeply", where=file.source.path)
    follower = Follower(Project([file for file in files if file not in broken]))
    for file in follower.project.files if wanted else ():
        file.clock.start(file.source.path)
        try:
            follower.analyse(file)
        except RecursionError:
            broken[file] = FileFormatError("is nested too deeply", where=file.source.path)
        except FileFormatError as error:
            broken[file] = error
    return follower, broken


def _run(file: File, table: Table) -> Iterator[Finding]:
    for node in file.tree.nodes:
        file.clock.tick()
        if node in file.programs:
            continue
        for rule in table.get(type(node), ()):
            if not rule.hot:
                for place, text in rule.check(node, file):
                    yield finding(file, rule.code, place, text)


def _run_hot(follower: Follower, file: File, table: Table) -> Iterator[Finding]:
    """The rules for functions that must not allocate, where they can be reached."""
    analysis: Analysis = follower.notes(file)
    for function, caller in follower.hot.items():
        if follower.project.home(function) is not file:
            continue
        behind = f" (called by {caller})" if caller and caller != function.name else ""
        for node in (function, *hot_nodes(function, analysis)):
            file.clock.tick()
            for rule in table.get(type(node), ()):
                if rule.hot:
                    for place, text in rule.check(node, analysis):
                        yield finding(file, rule.code, place, text + behind)


def finding(file: File, code: str, place: ast.AST, text: str) -> Finding:
    """A finding at a node."""
    line = getattr(place, "lineno", 1)
    last = line if isinstance(place, ast.stmt) and hasattr(place, "body") else (
        getattr(place, "end_lineno", None) or line)
    return Finding(file.source.path, line, getattr(place, "col_offset", 0) + 1, code, text, last)


def python_files(paths: Iterable[Path], config: Config, report: Report) -> Iterator[Path]:
    """Files to check, each once; directories are walked without following links."""
    seen: set[Path] = set()
    for given in paths:
        if not is_directory(given):
            if given not in seen:
                seen.add(given)
                yield given
            continue

        def failed(error: OSError) -> None:
            text = f"cannot be read: {error.strerror}"
            report.problems.append(Problem(str(error.filename), text))

        for folder, inner, files in os.walk(given, onerror=failed):
            inner[:] = sorted(name for name in inner
                              if not name.startswith(".") and name not in _PASSED_OVER
                              and not config.excludes(Path(folder, name)))
            for name in sorted(files):
                path = Path(folder, name)
                if name.endswith(".py") and path not in seen and not config.excludes(path):
                    seen.add(path)
                    yield path


def is_directory(path: Path) -> bool:
    """Whether a path is a directory; False where nobody can tell."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a loop of links, a name that is too long, a null byte
        return False


_PASSED_OVER = {"__pycache__", "node_modules", "build", "dist"}


class Beside:
    """The modules in the directories of files, listed once each."""

    def __init__(self, more: Iterable[str]) -> None:
        self._more = frozenset(more)
        self._folders: dict[str, frozenset[str]] = {}

    def modules(self, path: str) -> frozenset[str]:
        """Names that a file may import from there."""
        folder = os.path.dirname(path) or "."
        if folder not in self._folders:
            found = set(self._more)
            for place in (folder, os.path.join(folder, ".."), os.path.join(folder, "lib")):
                try:
                    with os.scandir(place) as entries:
                        for entry in entries:
                            name, dot, kind = entry.name.partition(".")
                            if (kind in ("py", "mpy") and dot) or (
                                    not dot and entry.is_dir() and os.path.isfile(
                                        os.path.join(entry.path, "__init__.py"))):
                                found.add(name)
                except OSError:
                    pass
            self._folders[folder] = frozenset(found)
        return self._folders[folder]
