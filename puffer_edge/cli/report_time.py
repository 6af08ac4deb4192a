# SPDX-License-Identifier: MIT
"""``puffer-edge report-time``: what a board measured beside the estimate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from puffer_edge.cli.completion import boards as board_names
from puffer_edge.cli.shared import Json, Trust, option


def report_time(
    log: Annotated[Path, typer.Argument(
        help="What the board printed; - for standard input.", metavar="LOG")],
    directory: Annotated[Path | None, typer.Argument(
        help="Directory that export wrote, where the log has no estimate.", metavar="DIRECTORY",
        show_default=False)] = None,
    board: Annotated[str, option(
        help="Board, of `puffer-edge boards`.", metavar="BOARD", autocompletion=board_names)] = "",
    trust: Trust = False, as_json: Json = False,
) -> None:
    """Compares the time of a step that a board printed with the estimate.

    The examples that firmware writes, and flash, print it.
    """
    from puffer_edge import using
    from puffer_edge.cli.printing import boards
    from puffer_edge.cli.printing.console import say_json, working

    with working(f"Reading {log}", quiet=as_json):
        text = sys.stdin.read(using.LARGEST_LOG) if str(log) == "-" else None
        found = using.report_time(log if text is None else None, directory, text=text or "",
                                  board=board, trust=trust)
    if as_json:
        say_json({"unit": found.unit, "step": found.typical, "longest": found.longest,
                  "lines": len(found.steps), "estimated": found.estimated, "off": found.off,
                  "selftest": found.selftest})
    else:
        boards.reported(found)
    if found.selftest:
        raise typer.Exit(6)
