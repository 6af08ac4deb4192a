# SPDX-License-Identifier: MIT
"""What the command ``puffer-edge check`` does."""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path
from typing import Any

from puffer_edge.errors import UsageError
from puffer_edge.subset.baseline import leave_out, write
from puffer_edge.subset.checking import Report, check_paths, is_directory, python_files
from puffer_edge.subset.config import Config, read_config
from puffer_edge.subset.formats import FORMATS
from puffer_edge.subset.formats.text import text
from puffer_edge.subset.rule import RULES, severity


def run(paths: list[Path], output_format: str, execute: bool = False, *, baseline: str = "",
        write_baseline: bool = False, statistics: bool = False, fix: bool = False,
        remember: bool = True, **options: Any) -> tuple[str, int]:
    """What to print of a check, and the exit code.

    Args:
        paths: files and directories.
        output_format: of ``FORMATS``.
        execute: run the marked functions in MicroPython, too.
        baseline: a file whose findings are left out; empty is none.
        write_baseline: write that file instead.
        statistics: print how often each rule reports in place of the findings.
        fix: rewrite what has another spelling, and report the rest.
        remember: take what was found before from the user's cache.
        options: fields of :class:`Config`; what is empty does not count.

    Raises:
        UsageError: an option or the configuration is wrong.
        MissingDependencyError: node or MicroPython is needed and not installed.
    """
    if output_format not in FORMATS:
        raise UsageError(f"there is no format {output_format!r}",
                         hint=f"formats: {', '.join(FORMATS)}")
    if write_baseline and not baseline:
        raise UsageError("--write-baseline needs --baseline FILE")
    gone = _fixed(paths, **options) if fix else 0
    found = report(paths, execute, remember, **options)
    if write_baseline:
        write(found, Path(baseline))
    if baseline:
        leave_out(found, Path(baseline))
    printed = count(found) if statistics else FORMATS[output_format](found)
    if fix and output_format == "text":
        printed += f"\n{gone} findings fixed"
    return printed, found.exit_code


def _fixed(paths: list[Path], **options: Any) -> int:
    """Rewrites files; the number of findings that are gone."""
    from puffer_edge.subset.fixing import fix_paths

    return fix_paths(paths, _config(paths, **options))


def _config(paths: list[Path], **options: Any) -> Config:
    start = paths[0] if is_directory(paths[0]) else paths[0].parent
    return read_config(start).with_options(**options)


def report(paths: list[Path], execute: bool = False, remember: bool = False, fix: bool = False,
           **options: Any) -> Report:
    """Checks paths with the settings of the nearest pyproject.toml, changed by options.

    Arguments and errors are those of :func:`run`.
    """
    if fix:
        _fixed(paths, **options)
    config = _config(paths, **options)
    gc.disable()  # nothing becomes garbage before the end, and looking for it takes half the time
    try:
        found = check_paths(paths, config, remember=remember)
    finally:
        gc.enable()
    if execute:
        from puffer_edge.subset.running import run_paths

        run_paths(python_files(paths, config, Report()), config, found)
    return found


def count(found: Report) -> str:
    """How often each rule reports, the most frequent first."""
    numbers = Counter(finding.code for finding in found.findings)
    lines = [f"{number:6} {code} {severity(code):7} {RULES[code].name if code in RULES else ''}"
             for code, number in sorted(numbers.items(), key=lambda item: (-item[1], item[0]))]
    return "\n".join([*(line.rstrip() for line in lines), text(Report([], found.problems,
                                                                       found.files)).replace(
        "0 findings", f"{len(found.findings)} findings")])


def explain(code: str) -> str:
    """A rule as documentation; of ``all`` a list.

    Raises:
        UsageError: there is no such rule.
    """
    if code.lower() == "all":
        return "\n".join(f"{rule.code} {rule.name}: {rule.reason}" for rule in RULES.values())
    if code.upper() not in RULES:
        raise UsageError(f"there is no rule {code!r}",
                         hint="puffer-edge check --explain all lists them")
    return RULES[code.upper()].explain()


def codes(given: str) -> tuple[str, ...]:
    """A list of codes from an option: separated by commas."""
    return tuple(part.strip().upper() for part in given.split(",") if part.strip())
