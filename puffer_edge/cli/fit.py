# SPDX-License-Identifier: MIT
"""``puffer-edge fit``: a policy that fits its board, judged by how it plays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from puffer_edge.cli.completion import boards
from puffer_edge.cli.load_options import takes_load_options
from puffer_edge.cli.shared import Json, NoPage, Observe, PolicyFile, add_to_page, called, option
from puffer_edge.cli.values import names, numbers, size

if TYPE_CHECKING:
    from puffer_edge.frontends.options import LoadOptions

_BUDGET, _CANDIDATES, _SEARCH = "Budget", "Candidates", "Search"


@takes_load_options(without=("keep_value",))
def fit(
    policy: PolicyFile,
    env: Annotated[str, option(
        "--env", metavar="ID", help="Environment of gymnasium, as CartPole-v1.")] = "",
    data: Annotated[str, option(
        "--data", metavar="FILE",
        help="Instead: .npz of recorded observations; judged by agreement alone.")] = "",
    output: Annotated[Path | None, option(
        "--output", "-o", metavar="DIR",
        help="Directory of the artefact; ./STEM-BOARD of the policy file by default.")] = None,
    observe: Observe = "",
    vector: Annotated[str, option(
        metavar="KIND", help="Many in one: gymnasium, sync, async, native or pufferlib.")] = "",
    board: Annotated[str, option(
        metavar="BOARD", autocompletion=boards, panel=_BUDGET,
        help="Board, of `puffer-edge boards`; pico by default.")] = "pico",
    flash: Annotated[str, option(
        metavar="SIZE", panel=_BUDGET,
        help="Bytes of flash with code, as 16k; what the board leaves by default.")] = "",
    ram: Annotated[str, option(
        metavar="SIZE", panel=_BUDGET, help="Bytes of RAM with the stack, as 2k.")] = "",
    us: Annotated[float, option(
        metavar="X", panel=_BUDGET, help="Microseconds of a step; any by default.")] = 0.0,
    integers: Annotated[bool, option(
        "--integers", panel=_BUDGET, help="Count only the step from integers (step_q).")] = False,
    schemes: Annotated[str, option(
        metavar="NAMES", panel=_CANDIDATES,
        help="Of students, as int8,int16; float32, int8, int8x16 and int16 by default.")] = "",
    widths: Annotated[str, option(
        metavar="N,N", panel=_CANDIDATES,
        help="Of a hidden layer; 4,8,16,32 by default.")] = "",
    depths: Annotated[str, option(
        metavar="N,N", panel=_CANDIDATES,
        help="Hidden layers; 1,2 by default, 0 is a linear policy.")] = "",
    activations: Annotated[str, option(
        metavar="NAMES", panel=_CANDIDATES,
        help="relu, hard_tanh and tanh; the first two by default.")] = "",
    cells: Annotated[str, option(
        metavar="NAMES", panel=_CANDIDATES,
        help="gru, lstm, min_gru or none; gru,lstm where the policy remembers.")] = "",
    observation_bits: Annotated[str, option(
        metavar="N,N", panel=_CANDIDATES,
        help="Of students in integers, 16,8; 16 by default.")] = "",
    trials: Annotated[int, option(
        metavar="N", panel=_SEARCH, help="Students that are trained; 12 by default.")] = 12,
    episodes: Annotated[int, option(
        metavar="N", panel=_SEARCH,
        help="Of the verdict, on seeds of its own; 200 by default.")] = 200,
    tolerance: Annotated[float, option(
        metavar="SHARE", panel=_SEARCH,
        help="Of the return over random play that may be lost; 0.02 by default.")] = 0.02,
    seed: Annotated[int, option(
        metavar="N", panel=_SEARCH, help="Of everything random; 0 by default.")] = 0,
    workers: Annotated[str, option(
        metavar="WHO", panel=_SEARCH,
        help="Number of processes, or tcp://HOST:PORT of a dask scheduler.")] = "",
    storage: Annotated[str, option(
        metavar="URL", panel=_SEARCH,
        help="Database that several such commands share, as sqlite:///search.db.")] = "",
    no_page: NoPage = False, as_json: Json = False, *, options: LoadOptions,
) -> None:
    """Makes a policy that fits a board, and exports the cheapest that plays as well.

    It tries the policy in other schemes and students of it, trained to act like it and in the
    integers of the artefact. What does not fit is not trained; a search that was stopped goes on.
    """
    from puffer_edge import using
    from puffer_edge.cli.printing.console import say_json, working
    from puffer_edge.cli.printing.fitting import printed
    from puffer_edge.page import parts

    with working(f"Fitting {policy.name}", quiet=as_json) as progress:
        found = using.fit(
            policy, env, output, data=data or None, board=board, flash=size(flash), ram=size(ram),
            us=us, integers=integers, schemes=names(schemes), widths=numbers(widths, int),
            depths=numbers(depths, int), activations=names(activations), cells=names(cells),
            observation_bits=numbers(observation_bits, int), trials=trials,
            episodes=episodes, tolerance=tolerance, seed=seed, workers=workers,
            storage=storage, observe=numbers(observe, int), vector=vector, progress=progress,
            options=options)
    if as_json:
        say_json(found.to_json())
    else:
        printed(found)
    if found.directory is not None and not no_page:
        add_to_page(found.directory, "fit", parts.fitted(found.to_json(), called()))
    if not found.passed:
        raise typer.Exit(6)
