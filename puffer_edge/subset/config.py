# SPDX-License-Identifier: MIT
"""What to check, for which firmware: options, and [tool.puffer-edge.check] in pyproject.toml."""

from __future__ import annotations

import fnmatch
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from puffer_edge.errors import UsageError
from puffer_edge.subset.facts.boards import find
from puffer_edge.subset.facts.firmware import MODULES, names
from puffer_edge.subset.facts.names import DEFAULT_PORT, DEFAULT_VERSION, Names
from puffer_edge.subset.rule import RULES, SEVERITIES

Table = tuple[tuple[str, tuple[str, ...]], ...]
"""A table of lists of strings."""
OTHERS = ("PE001", "PE901", "PE902")
"""Codes that no rule gives: a noqa without a reason, and what --run finds."""


@dataclass(frozen=True)
class Config:
    """Settings of one run.

    Attributes:
        port: of the firmware, as in rp2, esp32, stm32, unix, webassembly; empty is that of the
            board, or rp2.
        mpy_version: of MicroPython, as in 1.24.
        select: codes or beginnings of codes that are reported; PE is all.
        ignore: codes or beginnings of codes that are not.
        exclude: patterns of paths that are passed over in directories.
        modules: modules that are on the board, too.
        board: MicroPython's name of a board, or what people call it.
        firmware: whose firmware it is: openmv, m5stack, pimoroni, or MicroPython's own.
        known_modules: modules that are on the board, too, as mip installs them.
        fail_on: the least severity that gives exit code 1: info, warning or error.
        per_file_ignores: by patterns of paths, codes that are not reported there; ! before a
            pattern means all other files.
        names: by module or module.Class, names that the firmware has, too; * is any name.
    """

    port: str = ""
    mpy_version: str = DEFAULT_VERSION
    select: tuple[str, ...] = ("PE",)
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    board: str = ""
    firmware: str = ""
    known_modules: tuple[str, ...] = ()
    fail_on: str = SEVERITIES[-1]
    per_file_ignores: Table = ()
    names: Table = ()

    def __post_init__(self) -> None:
        ignored = [code for _, codes in self.per_file_ignores for code in codes]
        for code in (*self.select, *self.ignore, *ignored):
            if not code or not any(known.startswith(code) for known in (*RULES, *OTHERS)):
                raise UsageError(f"there is no rule {code!r}",
                                 hint="puffer-edge check --explain all lists them")
        for given, known, what in ((self.fail_on, SEVERITIES, "severity"),
                                   (self.firmware, ("", *MODULES), "firmware")):
            if given not in known:
                raise UsageError(f"there is no {what} {given!r}",
                                 hint=f"one of {', '.join(filter(None, known))}")

    def firmware_names(self) -> Names:
        """What the firmware has.

        Raises:
            UsageError: there is no such port, board or version, or the board is another port's.
        """
        board = find(self.board) if self.board else None
        if board is not None and self.port not in ("", board.port):
            raise UsageError(f"{board.name} is a board of {board.port}, not of {self.port}")
        added = {**names(self.firmware), **dict(self.names)}
        return Names(board.port if board else self.port or DEFAULT_PORT, self.mpy_version, board,
                     added)

    def reports_in(self, code: str, path: str) -> bool:
        """Whether findings with this code are wanted in a file."""
        return self.reports(code) and not any(
            _matches(Path(path).as_posix(), pattern.removeprefix("!")) != pattern.startswith("!")
            for pattern, codes in self.per_file_ignores if code.startswith(codes))

    def reports(self, code: str) -> bool:
        """Whether findings with this code are wanted: the longest beginning decides."""
        chosen = max((len(start) for start in self.select if code.startswith(start)), default=-1)
        ignored = max((len(start) for start in self.ignore if code.startswith(start)), default=-1)
        return chosen > ignored

    def excludes(self, path: Path) -> bool:
        """Whether a path inside a directory is passed over."""
        return any(fnmatch.fnmatch(path.as_posix(), pattern) or fnmatch.fnmatch(path.name, pattern)
                   or pattern in path.parts for pattern in self.exclude)

    def with_options(self, **options: Any) -> Config:
        """The same, with those options that are given (not None, not empty)."""
        return replace(self, **{key: value for key, value in options.items() if value})


def _matches(path: str, pattern: str) -> bool:
    """Whether a pattern is that of a path, or of its end."""
    return fnmatch.fnmatch(path, pattern) or fnmatch.fnmatch(path, f"*/{pattern}")


def read_config(start: Path) -> Config:
    """The settings of the nearest pyproject.toml at or above a path; the defaults without one.

    Raises:
        UsageError: the file is no TOML, or has keys or values that are not ours.
    """
    folder = start.absolute()
    for place in (folder, *folder.parents):
        file = place / "pyproject.toml"
        try:
            if file.is_file():
                return _parse(file)
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}", where=str(file)) from error
    return Config()


def _parse(file: Path) -> Config:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        data: Any = tomllib.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise UsageError(f"is not TOML: {error}", where=str(file)) from None
    for key in ("tool", "puffer-edge", "check"):
        data = data.get(key, {}) if isinstance(data, dict) else {}
    if not isinstance(data, dict):
        raise UsageError("[tool.puffer-edge.check] is not a table", where=str(file))
    known = {field.name.replace("_", "-"): field for field in fields(Config)}
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            raise UsageError(f"[tool.puffer-edge.check] has no key {key!r}", where=str(file),
                             hint=f"keys: {', '.join(known)}")
        if known[key].type == "Table":
            values[known[key].name] = _table(key, value, file)
            continue
        many = isinstance(getattr(Config, known[key].name), tuple)
        if many and isinstance(value, list) and all(isinstance(item, str) for item in value):
            values[known[key].name] = tuple(value)
        elif not many and isinstance(value, str):
            values[known[key].name] = value
        else:
            raise UsageError(f"{key} is not {'a list of strings' if many else 'a string'}",
                             where=str(file))
    return Config(**values)


def _table(key: str, value: Any, file: Path) -> Table:
    if not isinstance(value, dict) or not all(
            isinstance(items, list) and all(isinstance(item, str) for item in items)
            for items in value.values()):
        raise UsageError(f"[tool.puffer-edge.check.{key}] is not a table of lists of strings",
                         where=str(file))
    return tuple((name, tuple(items)) for name, items in value.items())
