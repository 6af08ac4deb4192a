"""What the command ``puffer-edge check`` does."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

from puffer_edge.errors import UsageError
from puffer_edge.subset.checking import Report, check_paths, is_directory, python_files
from puffer_edge.subset.config import read_config
from puffer_edge.subset.formats import FORMATS
from puffer_edge.subset.rule import RULES


def run(paths: list[Path], output_format: str, execute: bool = False,
        **options: Any) -> tuple[str, int]:
    """Checks paths with the settings of the nearest pyproject.toml, changed by options.

    Args:
        paths: files and directories.
        output_format: of ``FORMATS``.
        execute: run the marked functions in MicroPython, too.
        options: of :class:`Config`; empty ones do not count.

    Returns:
        What to print, and the exit code.

    Raises:
        UsageError: an option or the configuration is wrong.
        MissingDependencyError: node or MicroPython is needed and not installed.
    """
    if output_format not in FORMATS:
        raise UsageError(f"there is no format {output_format!r}",
                         hint=f"formats: {', '.join(FORMATS)}")
    start = paths[0] if is_directory(paths[0]) else paths[0].parent
    config = read_config(start).with_options(**options)
    gc.disable()  # nothing becomes garbage before the end, and looking for it takes half the time
    try:
        report = check_paths(paths, config)
    finally:
        gc.enable()
    if execute:
        from puffer_edge.subset.running import run_paths

        run_paths(python_files(paths, config, Report()), config, report)
    return FORMATS[output_format](report), report.exit_code


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


def codes(text: str) -> tuple[str, ...]:
    """A list of codes from an option: separated by commas."""
    return tuple(part.strip().upper() for part in text.split(",") if part.strip())
