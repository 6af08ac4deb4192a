# SPDX-License-Identifier: MIT
"""``puffer-edge contract``: what lies between a network and a robot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from puffer_edge.cli.shared import Json, option
from puffer_edge.cli.values import hertz


def contract(
    file: Annotated[Path, typer.Argument(
        metavar="FILE", help="contract.toml, deploy.yaml of unitree_rl_lab, config.yaml of rl_sar, "
                             "LEAPP's YAML, or an ONNX file with a robot's metadata.")],
    diff: Annotated[Path | None, option(
        metavar="OTHER", help="Another such file: tells what differs, exit code 1 if anything does."
    )] = None,
    rate: Annotated[str, option(
        metavar="HZ", help="Steps per second, as 50Hz, where the file does not tell.")] = "",
    output: Annotated[Path | None, option(
        "--output", "-o", metavar="TOML", help="Writes it as contract.toml.")] = None,
    as_json: Json = False,
) -> None:
    """Shows what a robot's observations and actions are to a policy: order, scales, histories.

    `export --contract FILE` makes C of it that packs sensors and unpacks actions.
    """
    from puffer_edge import using
    from puffer_edge.cli.printing import robot as printing
    from puffer_edge.cli.printing.console import say_json
    from puffer_edge.robot.identity import identity, plain
    from puffer_edge.robot.showing import differences
    from puffer_edge.robot.writing import write

    found = using.contract(file, rate=hertz(rate))
    other = None if diff is None else using.contract(diff, rate=hertz(rate))
    lines = [] if other is None else differences(found, other)
    if output is not None:
        write(found, output)
    if as_json:
        say_json({"contract": plain(found), "hash": identity(found),
                  **({} if other is None else {"differences": lines})})
    elif other is None:
        printing.shown(found)
    else:
        printing.compared(lines)
    if lines:
        raise typer.Exit(1)
