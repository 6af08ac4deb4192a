# SPDX-License-Identifier: MIT
"""Lets the owner of a policy's format run it beside the Program, and says who judged."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UsageError, VerificationError
from puffer_edge.frontends.detect import detect
from puffer_edge.frontends.observation_statistics import NONE
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Continuous, Program
from puffer_edge.verification.originals import live, running
from puffer_edge.verification.originals.comparing import Verdict, compare
from puffer_edge.verification.originals.job import Job, Trajectory
from puffer_edge.verification.originals.observing import observations
from puffer_edge.verification.originals.original import Unjudged
from puffer_edge.verification.originals.owners import LIVE, USERS, Owner, owner_of

Mode = Literal["auto", "never", "run"]

ENVIRONMENT = "PUFFER_EDGE_ORIGINAL"
"""Variable that says what ``auto`` does where nothing is given: never, for a suite of tests."""
ALONE = "read by puffer-edge alone"


@dataclass(frozen=True)
class SecondReading:
    """What the original said.

    Attributes:
        judge: who ran it; empty where nobody did.
        verdict: agrees, disagrees, or not judged.
        text: the figures, or why nobody judged.
    """

    judge: str
    verdict: Verdict
    text: str

    def __str__(self) -> str:
        if self.verdict == "not judged":
            return f"not judged: {self.text}" if self.judge else f"{ALONE}: {self.text}"
        return f"{self.judge} {self.verdict}: {self.text}"

    def raise_if_wrong(self, where: str) -> None:
        """Raises VerificationError where the original disagrees."""
        if self.verdict == "disagrees":
            raise VerificationError(
                f"the original disagrees, run by {self.judge}: {self.text}", where=where,
                hint="this is a misreading of puffer-edge, or an option that is wrong for the file "
                     "(--activation, --vec-normalize, --state...); nothing was written. "
                     "--no-original exports without asking the original")


def mode_of(wanted: str) -> Mode:
    """``auto``, ``never`` or ``run``; the environment decides where nothing is given.

    Raises:
        UsageError: it is none of these.
    """
    for name, value in (("original", wanted), (ENVIRONMENT, os.environ.get(ENVIRONMENT, ""))):
        if value in ("auto", "never", "run"):
            return value  # type: ignore[return-value]
        if value:
            raise UsageError(f"{name} cannot be {value!r}", hint="give auto, never or run")
    return "auto"


def read_again(policy: Any, program: Program, options: LoadOptions, *, mode: Mode = "auto",
               module: str = "", example: Any = None, recorded: Array | None = None,
               seed: int = 0, progress: Callable[[str], None] = lambda text: None
               ) -> SecondReading:
    """Compares a Program with its file, run by the library that owns the format.

    Args:
        policy: path of the policy file, or the ``torch.nn.Module`` that was handed over.
        program: what was read of it, in float.
        options: that it was read with.
        mode: ``run`` also runs files whose loader can run code; ``never`` nothing.
        module: the user's own class, see :mod:`.users_module`.
        example: the arguments of a module's forward, as ``puffer_edge.load`` takes them.
        recorded: [R, n] observations that the user has.
        seed: of the observations.
        progress: is told what is being done.
    """
    judged = trajectory_of(policy, program, options, mode=mode, module=module, example=example,
                           recorded=recorded, seed=seed, progress=progress)
    if isinstance(judged, SecondReading):
        return judged
    finding = compare(program, judged)
    return SecondReading(judged.judge, finding.verdict, finding.text)


def trajectory_of(policy: Any, program: Program, options: LoadOptions, *, mode: Mode = "auto",
                  module: str = "", example: Any = None, recorded: Array | None = None,
                  seed: int = 0, given: tuple[Array, Array] | None = None,
                  progress: Callable[[str], None] = lambda text: None
                  ) -> Trajectory | SecondReading:
    """What the original does over observations; or why nobody can tell.

    The arguments are those of :func:`read_again`; ``given`` are observations [T, n] and resets [T]
    in place of its own.
    """
    if mode == "never":
        return SecondReading("", "not judged", "the original was not asked for (--no-original)")
    if not isinstance(policy, str | Path):
        progress("running the module in torch")
        x, reset = given or observations(program, seed=seed, recorded=recorded)
        try:
            return live.run(policy, example, job_of(LIVE, Path(), program, options), x, reset,
                            seconds=running.SECONDS)
        except Unjudged as error:
            return SecondReading(LIVE.title, "not judged", str(error))
    path = Path(policy)
    owner = USERS if module else owner_of(detect(path), program.source)
    if owner is None:
        return SecondReading("", "not judged", "no library owns this kind of file; --module or "
                                               "verify --reference decides")
    if owner.runs_code and mode != "run":
        return SecondReading("", "not judged", f"{owner.title} could run code that is in the file; "
                                               "--run-original or verify --reference decides")
    if importlib.util.find_spec(owner.package) is None:
        return SecondReading("", "not judged", f"{owner.package} is not installed; with it, or "
                                               "with verify --reference, something else decides")
    progress(f"running the original ({owner.title})")
    x, reset = given or observations(program, seed=seed, recorded=recorded)
    try:
        return running.run(job_of(owner, path, program, options, module), x, reset)
    except Unjudged as error:
        return SecondReading(owner.title, "not judged", str(error))


def job_of(owner: Owner, path: Path, program: Program, options: LoadOptions, module: str = ""
           ) -> Job:
    """What the child has to know."""
    fields, action = program.contract.observation, program.contract.action
    frames = options.frame_stack or 1
    masked = int(np.prod(fields[-1].shape)) if options.action_mask else 0
    bounds = (action.low, action.high) if isinstance(action, Continuous) else ((), ())
    given = None if options.normaliser in (None, NONE) else program.contract.normaliser
    return Job(
        owner=owner.module, path=str(path.resolve()),
        shape=program.values[program.input].shape,
        parts=tuple(field.shape for field in fields),
        states=tuple(state.input for state in program.states),
        state_shapes=tuple(state.initial.shape for state in program.states), pairs=options.states,
        told="\n".join(note.text for note in program.notes if note.kind == "dropped"),
        frame_stack=frames, frame_repeat=options.frame_stack_reset == "repeat", masked=masked,
        size=frames * (program.contract.observation_size - masked), width=program.contract.width,
        own_action=not (options.action_mask or options.action_low or options.action_high
                        or options.action_sizes or options.squash is not None),
        low=bounds[0], high=bounds[1],
        activation=options.activation or "",
        vec_normalize="" if options.vec_normalize in (None, Path("none")) else str(
            options.vec_normalize.resolve()),
        module=_absolute(module), mean=given.mean if given else (),
        deviation=given.deviation if given else (), clip=(given.clip or 0.0) if given else 0.0)


def _absolute(module: str) -> str:
    """FILE.py:Class with the file's whole path, as the child works elsewhere."""
    place, colon, name = module.rpartition(":")
    return f"{Path(place).resolve()}:{name}" if colon and place.endswith(".py") else module
