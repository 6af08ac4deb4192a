# SPDX-License-Identifier: MIT
"""``puffer-edge run`` and ``puffer-edge bench``: a policy on this computer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from puffer_edge.cli.completion import backends as backend_names
from puffer_edge.cli.load_options import takes_load_options
from puffer_edge.cli.shared import (
    ArtefactOrFile,
    Json,
    NoNative,
    NoPage,
    Observe,
    Trust,
    add_to_page,
    called,
    option,
)
from puffer_edge.cli.values import numbers

if TYPE_CHECKING:
    from puffer_edge.frontends.options import LoadOptions


@takes_load_options(without=("keep_value", "observation", "accept"))
def run(
    policy: ArtefactOrFile,
    env: Annotated[str, option(
        "--env", metavar="ID", help="Environment of gymnasium, as CartPole-v1.")],
    backend: Annotated[str, option(
        metavar="NAME", autocompletion=backend_names,
        help="native (by default), numpy, micropython, torch, onnxruntime or tflite.")] = "",
    episodes: Annotated[int, option(
        metavar="N", help="How many; 100 by default.")] = 100,
    compare: Annotated[Path | None, option(
        metavar="FILE", help="The float policy, which then plays the same seeds.")] = None,
    seed: Annotated[int, option(
        metavar="N", help="Seed of the first episode; 100000 by default.")] = 100_000,
    observe: Observe = "",
    processes: Annotated[int, option(
        metavar="N", help="How many; by default 0: one per processor.")] = 0,
    min_agreement: Annotated[float, option(
        metavar="SHARE", help="Of the actions that must be those of --compare; 0.95 by default.")
    ] = 0.95,
    no_native: NoNative = False, trust: Trust = False, no_page: NoPage = False,
    as_json: Json = False, *, options: LoadOptions,
) -> None:
    """Plays a policy, and fails where it does not play like the float policy.

    What the file lacks is for --compare, or for the policy where that is no artefact.
    """
    from puffer_edge import using
    from puffer_edge.cli.printing.console import say_json, working
    from puffer_edge.cli.printing.played import played
    from puffer_edge.page import parts

    with working(f"Playing {env}", quiet=as_json) as progress:
        match = using.play(policy, env, compare=compare, backend=backend, episodes=episodes,
                           seed=seed, observe=numbers(observe, int), processes=processes,
                           min_agreement=min_agreement, native=not no_native, trust=trust,
                           progress=progress, options=options)
    if as_json:
        say_json(match.to_json())
    else:
        played(str(policy), str(compare), env, match)
    if not no_page:
        add_to_page(policy, "played", parts.played(
            match.to_json(), env, numbers(observe, int), called()), trust=trust)
    if match.failures:
        raise typer.Exit(6)


def bench(
    policy: ArtefactOrFile,
    backends: Annotated[str, option(
        metavar="NAMES", help="Which back ends, as native,onnxruntime; all by default.")] = "",
    seconds: Annotated[float, option(
        metavar="X", help="How long to measure each back end; 1 by default.")] = 1.0,
    seed: Annotated[int, option(
        metavar="N", help="Seed of the observations; 0 by default.")] = 0,
    no_native: NoNative = False, trust: Trust = False, no_page: NoPage = False,
    as_json: Json = False,
) -> None:
    """Measures how fast each back end runs a policy on this computer."""
    from puffer_edge import using
    from puffer_edge.cli.printing.console import say_json, working
    from puffer_edge.cli.printing.measured import measured
    from puffer_edge.page import parts

    with working(f"Measuring {policy}", quiet=as_json) as progress:
        found = using.bench(policy, backends=[*filter(None, backends.split(","))],
                            seconds=seconds, seed=seed, native=not no_native, trust=trust,
                            progress=progress)
    if as_json:
        say_json([measurement.to_json() for measurement in found])
    else:
        measured(str(policy), found)
    if not no_page:
        add_to_page(policy, "bench", parts.measured(
            [measurement.to_json() for measurement in found], called()), trust=trust)

