# SPDX-License-Identifier: MIT
"""``puffer-edge verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puffer_edge.cli.completion import boards, targets
from puffer_edge.cli.load_options import takes_load_options
from puffer_edge.cli.shared import (
    Artefact,
    Json,
    NoNative,
    NoPage,
    RunOriginal,
    Trust,
    called,
    option,
)
from puffer_edge.errors import OutputError

if TYPE_CHECKING:
    from puffer_edge.frontends.options import LoadOptions


@takes_load_options(without=("accept",))
def verify(
    directory: Artefact,
    target: Annotated[str, option(
        metavar="TARGET", autocompletion=targets,
        help="Another target than the one exported for.")] = "",
    board: Annotated[str, option(
        metavar="BOARD", autocompletion=boards,
        help="Board, whose memory must suffice; the one exported for by default.")] = "",
    toolchain: Annotated[str, option(
        metavar="NAME", help="zig (from pip, by default), gcc or clang.")] = "",
    emulator: Annotated[str, option(
        metavar="NAME", help="unicorn (from pip; by default, if it knows the core) or qemu.")] = "",
    optimize: Annotated[str, option(
        metavar="FLAG", help="The compiler's optimisation; -O2 by default.")] = "",
    reference: Annotated[Path | None, option(
        metavar="FILE", help=".npz of observations with the trainer's own logits, mean or actions."
    )] = None,
    original: Annotated[Path | None, option(
        metavar="FILE", help="The policy file: the library that owns its format runs it beside the "
                             "artefact.")] = None,
    run_original: RunOriginal = False,
    min_agreement: Annotated[float | None, option(
        metavar="SHARE", help="Of greedy actions that are the float policy's; 0.95 by default.")
    ] = None,
    max_error: Annotated[float | None, option(
        metavar="X", help="Mean error of a continuous action by its deviation; 0.04 for int8, else "
                          "0.01.")] = None,
    strict: Annotated[bool, option(
        "--strict", help="Exit with 9 where there is too little evidence to judge.")] = False,
    badge: Annotated[Path | None, option(
        metavar="FILE.svg", help="Writes a badge of the verdict.")] = None,
    no_native: NoNative = False, trust: Trust = False, no_page: NoPage = False,
    as_json: Json = False, *, options: LoadOptions,
) -> None:
    """Compiles an artefact, runs it on the host and on the emulated target, and judges it.

    What the file lacks is for --original: the same options as for export.
    """
    from puffer_edge import api
    from puffer_edge.cli.printing.console import failed, say, say_json, working
    from puffer_edge.cli.printing.verified import verified
    from puffer_edge.page.writing import PAGE, size_of

    with working(f"Verifying {directory}", quiet=as_json) as progress:
        report = api.verify(directory, original=original, run_original=run_original,
                            options=options, target=target, board=board, toolchain=toolchain,
                            emulator=emulator, optimize=optimize, reference=reference,
                            min_agreement=min_agreement, max_error=max_error, trust=trust,
                            native=not no_native, page=not no_page, command=called(),
                            progress=progress)
    if as_json:
        say_json(report.to_json())
    else:
        verified(report)
        if not (no_page or report.unwritten):
            say(size_of(directory / PAGE), soft_wrap=True)
    if report.unwritten:
        failed(OutputError(report.unwritten, where=str(directory)))
    if badge is not None:
        _write_badge(badge, report.to_json())
    if not report.passed:
        raise typer.Exit(6)
    if report.unwritten:
        raise typer.Exit(OutputError.exit_code)
    if strict and report.undecided:
        raise typer.Exit(9)


def _write_badge(path: Path, report: dict[str, Any]) -> None:
    from puffer_edge.artefact.directory import replace_file
    from puffer_edge.page.badge import badge

    try:
        replace_file(path, badge(report).encode("ascii"))
    except OSError as error:
        raise OutputError(f"the badge cannot be written: {error.strerror}",
                          where=str(path)) from error
