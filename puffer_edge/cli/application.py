# SPDX-License-Identifier: MIT
"""The program: its commands, and what becomes of errors. Exit codes are those of ``errors.py``."""

from __future__ import annotations

import shlex
import sys
import warnings
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

from puffer_edge.cli.boards import firmware, flash
from puffer_edge.cli.check import check
from puffer_edge.cli.compare import compare
from puffer_edge.cli.contract import contract
from puffer_edge.cli.doctor import doctor
from puffer_edge.cli.export import export
from puffer_edge.cli.fit import fit
from puffer_edge.cli.help import Command, Group
from puffer_edge.cli.inspect import boards, inspect, targets
from puffer_edge.cli.printing.console import failed, flush, say_plain
from puffer_edge.cli.replay import replay
from puffer_edge.cli.report_time import report_time
from puffer_edge.cli.running import bench, run
from puffer_edge.cli.shared import calling
from puffer_edge.cli.verify import verify
from puffer_edge.errors import PolicyWarning, PufferEdgeError, UnconfirmedError
from puffer_edge.version import VERSION
from puffer_edge.wording import from_command_line

app = typer.Typer(
    cls=Group, no_args_is_help=True, pretty_exceptions_enable=False,
    help="Compiles trained reinforcement-learning policies to small, allocation-free, proved C.",
    epilog="Exit codes: 0 good, 1 failure, 2 wrong usage, 3 unreadable file, 4 unsupported, "
           "5 output not writable, 6 verification failed, 7 something to install is missing, "
           "8 something assumed that --strict refuses, 9 not judged under --strict.")
for command in (export, verify, compare, firmware, flash, report_time, replay, run, bench, inspect,
                contract, doctor, fit, targets, boards, check):
    app.command(cls=Command)(command)


def _version(wanted: bool) -> None:
    if wanted:
        say_plain(f"puffer-edge {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option(
        "--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: an error of ours is a message and an exit code, never a traceback.

    Args:
        arguments: of the command line; the process's by default.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    calling(arguments)
    for stream in sys.stdout, sys.stderr:
        if isinstance(stream, TextIOWrapper):  # a terminal may not know the letters of a path
            stream.reconfigure(errors="backslashreplace")
    try:
        with from_command_line(), warnings.catch_warnings():  # which are printed with the notes
            warnings.simplefilter("ignore", PolicyWarning)
            app(arguments, prog_name="puffer-edge")
    except PufferEdgeError as error:
        if isinstance(error, UnconfirmedError):
            error.hint = ("give the options that decide, or confirm, if all that is right:\n"
                          + shlex.join(["puffer-edge", *confirming(arguments, error.codes)]))
        failed(error)
        sys.exit(error.exit_code)
    finally:
        flush()


def confirming(arguments: Sequence[str], codes: Sequence[str]) -> list[str]:
    """The same arguments, with which --strict passes."""
    command, *rest = arguments  # before the rest, which may hold a --
    return [command, *(word for code in codes for word in ("--accept", code)), *rest]
