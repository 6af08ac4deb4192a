# SPDX-License-Identifier: MIT
"""``verify --original FILE``: the file that an artefact was made of judges it once more.

What was read is compared with the original as ``export`` does it: the artefact's own Program where
it is one in float32, else the Program that is read again from the file. Whether rounded weights act
like the original is judged as by a ``--reference``, over the steps that the calibration did not see
where there are any.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from puffer_edge.artefact.directory import read_manifest
from puffer_edge.artefact.opening import Subject
from puffer_edge.artefact.program_file import from_bytes
from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.frontends.options import LoadOptions
from puffer_edge.ir import Continuous, Discrete, Program
from puffer_edge.readers.npz import read_npz
from puffer_edge.readers.regular_file import read_file
from puffer_edge.verification.originals.comparing import compare, steps_of
from puffer_edge.verification.originals.explaining import explain
from puffer_edge.verification.originals.job import Trajectory
from puffer_edge.verification.originals.judging import (
    ALONE,
    Mode,
    SecondReading,
    trajectory_of,
)
from puffer_edge.verification.recorded import read_recorded
from puffer_edge.verification.reference import Reference
from puffer_edge.verification.report import Check, Verdict


@dataclass(frozen=True)
class Given:
    """A policy file beside an artefact.

    Attributes:
        path: of the file.
        program: what was read of it now, in float.
        options: that it was read with.
        mode: see :func:`.judging.read_again`.
    """

    path: Path
    program: Program
    options: LoadOptions
    mode: Mode = "auto"


@dataclass(frozen=True)
class Answer:
    """What the original says.

    Attributes:
        checks: for the report; who judged is in them.
        reference: what it did, for a policy with rounded weights; None where the numbers decide.
    """

    checks: list[Check]
    reference: Reference | None = None


def refuse_another(directory: Path, path: Path) -> None:
    """Raises UsageError for a file that the artefact was not made of.

    Raises:
        FileFormatError: the directory is no artefact, or the file cannot be read.
    """
    source = read_manifest(directory).get("source")
    wanted = source.get("sha256") if isinstance(source, dict) else None
    if wanted is None:
        raise UsageError("the artefact was not made of a file", where=str(directory),
                         hint="leave out --original; --reference judges it")
    if hashlib.sha256(read_file(path)).hexdigest() != wanted:
        raise UsageError("this is not the file that the artefact was made of: its sha256 is "
                         "another", where=str(path),
                         hint="export this file, or give the one that was exported")


def unasked(manifest: dict[str, Any]) -> str:
    """Who could judge what was read, for a report that nobody was asked for."""
    source = manifest.get("source")
    source = source if isinstance(source, dict) else {}
    if source.get("sha256") is None:
        return f"{ALONE}; --reference decides"
    code = str(source.get("kind")).startswith(("torch.export", "TorchScript"))
    return f"{ALONE}; --original FILE{' --run-original' if code else ''} or --reference decides"


def ask(subject: Subject, given: Given, progress: Callable[[str], None]) -> Answer:
    """Runs the original of an artefact."""
    refuse_another(subject.directory, given.path)
    own = _stored(subject) if subject.manifest["scheme"] == "float32" else None
    asked = trajectory_of(given.path, given.program, given.options, mode=given.mode,
                          progress=progress)
    if isinstance(asked, SecondReading):
        return Answer([_check(asked)])
    found = compare(own or given.program, asked)
    checks = [_check(SecondReading(asked.judge, found.verdict, found.text))]
    if own is not None:
        return Answer(checks)
    if "judge.npz" in subject.manifest["files"]:
        data = read_recorded(subject)
        again = trajectory_of(given.path, given.program, given.options, mode=given.mode,
                              given=(data.observations, data.reset), progress=progress)
        if isinstance(again, Trajectory) and np.array_equal(again.observations, data.observations):
            asked = again
    return Answer(checks, _reference(given.program, asked))


def _check(reading: SecondReading) -> Check:
    verdicts: dict[str, Verdict] = {"agrees": "passed", "disagrees": "failed"}
    return Check("what was read is what the original computes",
                 verdicts.get(reading.verdict, "not judged"), str(reading))


def _stored(subject: Subject) -> Program | None:
    """The artefact's own Program, if it holds one."""
    path = subject.directory / "program.npz"
    if path.name not in subject.manifest["files"]:
        return None
    read_npz(path, "the stored program", "export the policy again")
    try:
        return from_bytes(path.read_bytes(), str(path))
    except OSError as error:
        raise FileFormatError("the stored program cannot be read", where=str(path)) from error


def _reference(program: Program, trajectory: Trajectory) -> Reference | None:
    """What the original did, as a trainer's recording; None where nothing of it is finite."""
    rows = [known[program.outputs[0]].reshape(-1) for known in steps_of(program, trajectory)]
    mask = program.contract.mask
    allowed = None if mask is None else mask.allowed(trajectory.observations)
    found = explain(program.contract, np.stack(rows), trajectory.outputs, allowed)
    action, expected, actions = program.contract.action, None, None
    if found is not None and not found.form.name and np.isfinite(found.theirs).all():
        expected = found.theirs.astype(np.float32)
    if trajectory.actions is not None:
        actions = trajectory.actions.astype(
            np.int64 if isinstance(action, Discrete) else np.float32)
    elif found is not None and isinstance(action, Discrete) and expected is None:
        parts = ([found.theirs] if found.form.name == "its choice" else
                 [part.argmax(1)[:, None] for part in np.split(
                     np.where(np.isnan(found.theirs), -np.inf, found.theirs),
                     np.cumsum(action.sizes)[:-1], axis=1)])
        actions = np.concatenate(parts, axis=1).astype(np.int64)
    elif found is not None and isinstance(action, Continuous) and found.form.name == "its action":
        actions = found.theirs.astype(np.float32)
    if expected is None and actions is None:
        return None
    reset = np.asarray(trajectory.reset, bool)
    return Reference(trajectory.observations, reset, expected, actions)
