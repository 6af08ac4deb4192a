# SPDX-License-Identifier: MIT
"""Parameters that several commands take, declared once."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any

import typer

from puffer_edge.cli.completion import boards, targets

GENERAL, INTEGERS, MICROPYTHON, LACKS = (
    "Options", "Integers", "MicroPython", "What the file lacks")
"""Headings of ``--help``."""


_arguments: ContextVar[Sequence[str]] = ContextVar("_arguments", default=())


def calling(arguments: Sequence[str]) -> None:
    """Remembers what the program was called with."""
    _arguments.set(arguments)


def called() -> str:
    """The command that does the same again, but for how it prints."""
    words = [word for word in _arguments.get() if word != "--json"]
    return shlex.join(["puffer-edge", *words]) if words else ""


def add_to_page(policy: Path, key: str, part: Any, *, trust: bool = False) -> None:
    """Puts what was found into the report of an artefact; what keeps it from that is told.

    A policy file has no report, and neither has a directory that is no artefact.
    """
    from puffer_edge.cli.printing.console import say_aside
    from puffer_edge.errors import PufferEdgeError
    from puffer_edge.page.writing import PAGE, add

    if not policy.is_dir():
        return
    try:
        page = add(policy, key, part, trust)
        say_aside(f"added to {page}")
    except PufferEdgeError as error:
        say_aside(f"{PAGE} is not written: {error.what}")


def option(*names: str, help: str, metavar: str | None = None, panel: str = GENERAL,
           **more: Any) -> Any:
    """A typer option; its help is one line, with the default in its words."""
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel=panel,
                        show_default=False, **more)


PolicyFile = Annotated[Path, typer.Argument(
    help="Policy file, as the trainer saved it.", metavar="POLICY")]
Artefact = Annotated[Path, typer.Argument(
    help="Directory that export wrote.", metavar="DIRECTORY")]
ArtefactOrFile = Annotated[Path, typer.Argument(
    help="Directory that export wrote, or a policy file.", metavar="POLICY")]
TargetName = Annotated[str, option(
    help="Of `puffer-edge targets`; that of the board, or cortex-m, by default.",
    metavar="TARGET", autocompletion=targets)]
BoardName = Annotated[str, option(
    help="Board, of `puffer-edge boards`.", metavar="BOARD", autocompletion=boards)]
Observe = Annotated[str, option(
    help="Elements of the observation that the policy sees, as 0,2; all by default.",
    metavar="N,N")]
RunOriginal = Annotated[bool, option(
    "--run-original", help="Let its library run it also where that can run code of the file.")]
Json = Annotated[bool, option("--json", help="Print JSON for machines.")]
Strict = Annotated[bool, option(
    "--strict", help="Refuse what is assumed and not confirmed by --accept (for CI).")]
Trust = Annotated[bool, option(
    "--trust", help="Take an artefact's code that this version would not write; it is run.")]
NoPage = Annotated[bool, option("--no-page", help="Do not write report.html.")]
NoNative = Annotated[bool, option("--no-native", help="Compile nothing for this computer.")]
