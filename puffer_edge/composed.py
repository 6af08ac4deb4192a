# SPDX-License-Identifier: MIT
"""``puffer_edge.compose``: several policy files as one Program, each judged by its own library."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from puffer_edge.api import second_reading
from puffer_edge.arguments import LoadArguments, PolicySource
from puffer_edge.composing import pipeline, switch
from puffer_edge.errors import UsageError
from puffer_edge.frontends.assumptions import refuse_assumptions
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Program
from puffer_edge.loading import DEFAULTS, load_quietly, warn
from puffer_edge.naming import stem_from
from puffer_edge.signatures import public

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from puffer_edge.verification.originals import SecondReading


@public(LoadArguments.__annotations__, DEFAULTS)
def compose(policies: Sequence[PolicySource], *, how: Literal["pipeline", "switch"] = "pipeline",
            join: str = "", change: Literal["reset", "keep"] = "reset",
            original: Literal["", "auto", "run", "never"] = "never", seed: int = 0,
            second_reader: Callable[[SecondReading], None] = lambda reading: None,
            strict: bool = False, progress: Callable[[str], None] = lambda text: None,
            options: LoadOptions | None = None, **changes: Unpack[LoadArguments]) -> Program:
    """One policy of several: an estimator before an actor, or skills that act in turn.

    Args:
        policies: policy files, or what ``load`` made of them.
        how: pipeline: each sees what the one before it gives, and the last one acts; switch: all
            see the same, and the last number of the observation says which one acts, from 0.
        join: of a pipeline, where what each sees comes from, as
            ``latent=mean, obs[0:45]=history[225:270]``: fields of the later one, or parts of them,
            and outputs of the earlier one, or parts of what it sees. By default by names that are
            equal, else the outputs stand after what both see.
        change: of a switch, what a skill that does not act remembers: nothing, so that it begins
            anew (reset), or what it last did (keep).
        original: whether the library that owns each format runs its file, too; see ``export``.
        seed: of what it is run with.
        second_reader: is told what each original said.
        strict: refuse what was assumed and is not confirmed.
        progress: is told what is being done.
        options: of a pipeline's last file, of all files of a switch; see ``load``.
        changes: the same.

    Returns:
        What ``export`` takes. The observation of a pipeline is that of the first, and then what the
        others see that nothing gives.

    Raises:
        UsageError: there are fewer than two, or they do not fit each other.
        UnsupportedError: one takes integers or a mask of actions.
    """
    if how not in ("pipeline", "switch") or change not in ("reset", "keep"):
        raise UsageError("policies are composed as pipeline or switch, and reset or keep what they "
                         f"remember, not {how!a:.40} and {change!a:.40}")
    if (join if how == "switch" else change != "reset"):
        raise UsageError("a pipeline has joins, and a switch changes")
    if join and len(policies) > 2:
        raise UsageError("joins are of two policies", hint="compose the first two, and what that "
                         "gives with the next one")
    programs = _programs(policies, how == "switch", original, seed, second_reader, progress,
                         options, changes)
    names = _names(policies)
    if how == "switch":
        whole = switch(programs, names, change)
    else:
        whole = programs[0]
        for i, program in enumerate(programs[1:], 1):
            whole = pipeline(whole, program, join, (names[0] if i == 1 else "", names[i]))
    if strict:
        refuse_assumptions(whole)
    warn(whole.notes)
    return whole


def _programs(policies: Sequence[PolicySource], alike: bool, original: str, seed: int,
              second_reader: Callable[[SecondReading], None], progress: Callable[[str], None],
              options: LoadOptions | None, changes: Mapping[str, Any]) -> list[Program]:
    if isinstance(policies, str | os.PathLike | Program) or len(policies) < 2:
        raise UsageError("two policies or more are composed", hint="give a list of them")
    programs = []
    for i, policy in enumerate(policies):
        if isinstance(policy, Program):
            programs.append(policy)
            continue
        told = alike or i == len(policies) - 1
        given, more = (options, changes) if told else (None, {})
        program = load_quietly(policy, given, False, more)
        second_reader(second_reading(policy, program, original, progress, seed, given, more, ""))
        programs.append(program)
    return programs


def _names(policies: Sequence[PolicySource]) -> list[str]:
    """Of files their stems, of others their number; no two alike."""
    found: list[str] = []
    for i, policy in enumerate(policies):
        name = (stem_from(Path(policy).stem) if isinstance(policy, str | os.PathLike)
                else f"policy_{i + 1}")
        found.append(f"{name}_{i + 1}" if name in found else name)
    return found
