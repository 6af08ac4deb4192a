# SPDX-License-Identifier: MIT
"""``puffer-edge firmware`` and ``puffer-edge flash``: an artefact and a board."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from puffer_edge.cli.completion import frameworks as framework_names
from puffer_edge.cli.shared import Artefact, BoardName, Json, Trust, option


def firmware(
    directory: Artefact,
    board: BoardName,
    output: Annotated[Path, option(
        "--output", "-o", metavar="DIR",
        help="A new or empty directory, or a project whose policy is renewed.")],
    framework: Annotated[str, option(
        metavar="NAME", autocompletion=framework_names,
        help="bare-metal, pico-sdk, esp-idf, zephyr, arduino, platformio, cmsis-pack, micropython "
             "or linux; the board's first by default.")] = "",
    trust: Trust = False, as_json: Json = False,
) -> None:
    """Writes a project around an artefact, ready to build (C) or to copy (MicroPython).

    The policy is a library of the framework's own form, beside an example that steps it from a
    timer.
    """
    from puffer_edge import using
    from puffer_edge.cli.printing import boards
    from puffer_edge.cli.printing.console import say_json, working
    from puffer_edge.errors import MissingDependencyError
    from puffer_edge.firmware.project import project

    told, missing = None, ""

    def estimate() -> tuple[float, float] | None:
        nonlocal told, missing
        try:
            told = using.step_time(directory, board, trust=trust)
        except MissingDependencyError as error:
            missing = error.what
        return None if told is None else (told.microseconds(told.least),
                                          told.microseconds(told.most))

    with working(f"Writing {output}", quiet=as_json):
        done = project(directory, board, output, framework=framework, trust=trust,
                       estimate=estimate)
    if as_json:
        say_json({"directory": str(output), "files": done.files, "kept": done.kept,
                  "microseconds": told and [told.microseconds(each) for each in (
                      told.least, told.likely, told.most)]})
    else:
        boards.firmware(output, done, told, missing)


def flash(
    directory: Artefact,
    board: BoardName,
    port: Annotated[str, option(
        metavar="PORT", help="Serial port; the only one by default.")] = "",
    dry_run: Annotated[bool, option(
        "--dry-run", help="Only says what would be copied.")] = False,
    trust: Trust = False, as_json: Json = False,
) -> None:
    """Copies a MicroPython artefact to a board, runs its self-test there, and times a step."""
    from dataclasses import asdict

    from puffer_edge.cli.printing import boards
    from puffer_edge.cli.printing.console import say_json, working
    from puffer_edge.firmware import flash as flashing

    wanted = flashing.plan(directory, board, trust=trust)
    if dry_run:
        sizes = {name: len(content) for name, content in wanted.files.items()}
        if as_json:
            say_json({"board": board, "port": port, "files": sizes})
        else:
            boards.flash_plan(wanted.title, port, sizes)
        return
    with working(f"Flashing {wanted.title}", quiet=False, lines=as_json) as progress:
        done = flashing.flash(wanted, port, progress)
    if as_json:
        say_json(asdict(done))
    else:
        boards.flashed(wanted.title, done)
    if done.wrong:
        raise typer.Exit(6)
