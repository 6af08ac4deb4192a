"""What the command ``puffer-edge check`` does."""

from __future__ import annotations

import gc
from pathlib import Path

from puffer_edge.errors import UsageError
from puffer_edge.subset.checking import Report, check_paths, is_directory, python_files
from puffer_edge.subset.config import read_config
from puffer_edge.subset.formats import FORMATS
from puffer_edge.subset.rule import RULES


def run(paths: list[Path], output_format: str, execute: bool = False, *, port: str = "",
        mpy_version: str = "", select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()
        ) -> tuple[str, int]:
    """What to print of a check, and the exit code.

    Args:
        paths: files and directories.
        output_format: of ``FORMATS``.
        execute: run the marked functions in MicroPython, too.
        port: as of :class:`Config`, as are the others; what is empty does not count.
        mpy_version: the same.
        select: the same.
        ignore: the same.

    Raises:
        UsageError: an option or the configuration is wrong.
        MissingDependencyError: node or MicroPython is needed and not installed.
    """
    if output_format not in FORMATS:
        raise UsageError(f"there is no format {output_format!r}",
                         hint=f"formats: {', '.join(FORMATS)}")
    found = report(paths, execute, port=port, mpy_version=mpy_version, select=select, ignore=ignore)
    return FORMATS[output_format](found), found.exit_code


def report(paths: list[Path], execute: bool = False, *, port: str = "", mpy_version: str = "",
           select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> Report:
    """Checks paths with the settings of the nearest pyproject.toml, changed by options.

    Arguments and errors are those of :func:`run`.
    """
    start = paths[0] if is_directory(paths[0]) else paths[0].parent
    config = read_config(start).with_options(port=port, mpy_version=mpy_version, select=select,
                                             ignore=ignore)
    gc.disable()  # nothing becomes garbage before the end, and looking for it takes half the time
    try:
        found = check_paths(paths, config)
    finally:
        gc.enable()
    if execute:
        from puffer_edge.subset.running import run_paths

        run_paths(python_files(paths, config, Report()), config, found)
    return found


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
