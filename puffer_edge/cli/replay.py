# SPDX-License-Identifier: MIT
"""``puffer-edge replay``: what a black box has kept, computed again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from puffer_edge.cli.shared import Json, Trust, option


def replay(
    log: Annotated[Path, typer.Argument(
        metavar="LOG", help="What policy_blackbox.h wrote: text of a serial port, or bytes.")],
    directory: Annotated[Path, typer.Argument(
        metavar="DIRECTORY", help="What `puffer-edge export --black-box` wrote.")],
    npz: Annotated[Path | None, option(
        metavar="FILE", help="Writes the observations, for --calibrate.")] = None,
    unit_test: Annotated[Path | None, option(
        metavar="FILE.c", help="Writes a test in C, of the last steps up to one that differs."
    )] = None,
    mcap: Annotated[Path | None, option(
        metavar="FILE", help="Writes all steps as MCAP; needs the package mcap.")] = None,
    steps: Annotated[int, option(
        metavar="N", help="Steps of the test at most; 64 by default.")] = 64,
    trust: Trust = False, as_json: Json = False,
) -> None:
    """Computes the log of a black box again: the same bits, or the first number that differs.

    Exit code 6 where a number differs, 3 where records are damaged and all others are the same.
    """
    from dataclasses import asdict

    from puffer_edge.cli.printing import replayed
    from puffer_edge.cli.printing.console import say_json, working
    from puffer_edge.logs import replay as run

    with working(f"Replaying {log.name}", quiet=as_json):
        found = run(log, directory, npz=npz, unit_test=unit_test, mcap=mcap, steps=steps,
                    trust=trust)
    if as_json:
        said = asdict(found)
        if found.difference:
            said["difference"] |= {"logged": str(found.difference.logged),
                                   "computed": str(found.difference.computed)}
        say_json(said)
    else:
        replayed.shown(found)
    if found.difference or found.damages:
        raise typer.Exit(6 if found.difference else 3)
