# SPDX-License-Identifier: MIT
"""``puffer-edge inspect``, ``targets`` and ``boards``: before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from puffer_edge.cli.completion import boards as board_names
from puffer_edge.cli.load_options import takes_load_options
from puffer_edge.cli.shared import Json, PolicyFile, Strict

if TYPE_CHECKING:
    from puffer_edge.frontends.options import LoadOptions


@takes_load_options()
def inspect(
    policy: PolicyFile,
    strict: Strict = False, as_json: Json = False, *, options: LoadOptions,
) -> None:
    """Shows what a policy file is and what export would make of it."""
    from puffer_edge import api
    from puffer_edge.cli.printing.console import say_json
    from puffer_edge.cli.printing.inspected import inspected

    found = api.inspect(policy, options, strict=strict)
    if as_json:
        say_json(found.to_json())
    else:
        inspected(policy, found)


def targets(as_json: Json = False) -> None:
    """Lists every target of export, and the boards that MicroPython runs on."""
    from puffer_edge.cli.printing.console import say_json
    from puffer_edge.cli.printing.listed import as_data, listed

    if as_json:
        say_json(as_data())
    else:
        listed()


def boards(
    name: Annotated[str, typer.Argument(
        metavar="[BOARD]", autocompletion=board_names,
        help="One of them, or a .toml file of your own; all by default.")] = "",
    as_json: Json = False,
) -> None:
    """Lists every board: its core, clock and memory; of one, the sources of the numbers, too."""
    from dataclasses import asdict

    from puffer_edge import boards as known
    from puffer_edge.cli.printing.console import say_json
    from puffer_edge.cli.printing.listed import board_shown, boards_listed

    found = [known.find_board(name)] if name else list(known.boards().values())
    if as_json:
        say_json({board.name: asdict(board) for board in found})
    elif name:
        board_shown(found[0])
    else:
        boards_listed()
