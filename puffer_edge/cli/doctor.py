# SPDX-License-Identifier: MIT
"""``puffer-edge doctor``: which boards a policy fits on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from puffer_edge.cli.load_options import takes_load_options
from puffer_edge.cli.shared import ArtefactOrFile, Json, NoPage, add_to_page, option
from puffer_edge.cli.values import hertz, names

if TYPE_CHECKING:
    from puffer_edge.frontends.options import LoadOptions


@takes_load_options(without=("accept",))
def doctor(
    policy: ArtefactOrFile,
    rate: Annotated[str, option(
        metavar="HZ", help="Steps per second that it should run at, as 100Hz.")] = "",
    boards: Annotated[str, option(
        metavar="NAMES", help="Which boards, as pico,nucleo-f411re; all by default.")] = "",
    schemes: Annotated[str, option(
        metavar="NAMES", help="Which schemes, as float32,int8; all by default.")] = "",
    calibrate: Annotated[str, option(
        metavar="WHAT", help="Observations for integers, as of export; made up by default.")] = "",
    steps: Annotated[int, option(
        metavar="N", help="Steps to play in env:ID; 4000 by default.")] = 4000,
    no_page: NoPage = False, as_json: Json = False, *, options: LoadOptions,
) -> None:
    """Tells on which boards a policy fits, in which scheme, and the one change that makes it fit.

    It is built for each core and run on the emulated one, as by verify.
    """
    from dataclasses import asdict

    from puffer_edge import using
    from puffer_edge.cli.printing.console import say_json, working
    from puffer_edge.cli.printing.fitted import fitted

    with working(f"Building {policy}", quiet=as_json) as progress:
        rows = using.doctor(policy, rate=hertz(rate), boards=names(boards),
                            schemes=names(schemes), calibrate=calibrate or None, steps=steps,
                            progress=progress, options=options)
    if as_json:
        say_json([asdict(row) for row in rows])
    else:
        fitted(rows)
    if not no_page:
        add_to_page(policy, "doctor", [asdict(row) for row in rows])
