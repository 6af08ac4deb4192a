# SPDX-License-Identifier: MIT
"""``puffer-edge check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from puffer_edge.cli.shared import option


def check(
    paths: Annotated[list[Path] | None, typer.Argument(
        metavar="[PATHS]...",
        help="Python files and directories; the working directory by default.")] = None,
    port: Annotated[str, option(
        metavar="PORT", help="Port of MicroPython: rp2 (by default), esp32, stm32, samd, unix...")
    ] = "",
    mpy_version: Annotated[str, option(
        metavar="X.Y", help="Version of MicroPython, as 1.24.")] = "",
    board: Annotated[str, option(
        metavar="BOARD", help="Board, as MicroPython names it or people do: RPI_PICO_W, 'Pico W'.")
    ] = "",
    firmware: Annotated[str, option(
        metavar="NAME", help="Whose firmware it is: openmv, m5stack or pimoroni.")] = "",
    select: Annotated[str, option(
        metavar="CODES", help="Rules to report, or beginnings of their codes, as PE1,PE401.")] = "",
    ignore: Annotated[str, option(metavar="CODES", help="Rules not to report.")] = "",
    exclude: Annotated[list[str] | None, option(
        metavar="PATTERN", help="Files and directories to pass over; may be given again.")] = None,
    fail_on: Annotated[str, option(
        metavar="SEVERITY", help="The least that gives exit code 1: error, warning or info (by "
                                 "default).")] = "",
    baseline: Annotated[str, option(
        metavar="FILE", help="Findings that are known and left out.")] = "",
    write_baseline: Annotated[bool, option(
        "--write-baseline", help="Write the findings into the file of --baseline.")] = False,
    fix: Annotated[bool, option(
        "--fix", help="Rewrite what has another spelling in both Pythons; the rest is reported.")
    ] = False,
    no_cache: Annotated[bool, option(
        "--no-cache", help="Check files again that have not changed.")] = False,
    statistics: Annotated[bool, option(
        "--statistics", help="Print how often each rule reports.")] = False,
    output_format: Annotated[str, option(
        "--format", metavar="FORMAT", help="text (by default), json, sarif or github.")] = "text",
    explain: Annotated[str, option(
        metavar="CODE", help="Print what a rule is about, as PE401, or a list of all.")] = "",
    execute: Annotated[bool, option(
        "--run", help="Also import the files in MicroPython for WebAssembly (needs node), and call "
                      "their marked functions under a locked heap. Only for files that you would "
                      "run.")] = False,
) -> None:
    """Checks Python files for MicroPython: syntax, modules, meaning, and allocation.

    Exit codes: 0 clean, 1 findings (see --fail-on), 2 wrong usage or a file that cannot be checked.
    """
    from puffer_edge.cli.printing.console import say_plain
    from puffer_edge.subset import command

    if explain:
        say_plain(command.explain(explain))
        return
    text, code = command.run(paths or [Path()], output_format, execute,
                             port=port, mpy_version=mpy_version, board=board,
                             firmware=firmware, exclude=tuple(exclude or ()), fail_on=fail_on,
                             baseline=baseline, write_baseline=write_baseline,
                             statistics=statistics, fix=fix, remember=not no_cache,
                             select=command.codes(select),
                             ignore=command.codes(ignore))
    if text:
        say_plain(text)
    if code:
        raise typer.Exit(code)
