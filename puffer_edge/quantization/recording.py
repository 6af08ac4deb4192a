# SPDX-License-Identifier: MIT
"""Recorded observations to calibrate with: from a file, or from the policy playing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from puffer_edge.arrays import Array
from puffer_edge.environments import Environment
from puffer_edge.errors import FileFormatError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.progress import Part, Tell, nobody
from puffer_edge.quantization.outside import refuse_outside
from puffer_edge.readers.npz import read_npy, read_npz

STEPS = 4000
"""Steps that are played in an environment by default. A recurrent policy of CartPole that agrees in
97 % of them is told from one that agrees in 95 % by the 2,000 that judge."""

EPISODES = 4
"""At least so many episodes; of an endless one, a part."""

HINT = "give an .npz with observations [T, n] and, for several episodes, reset [T]"

IMAGINED = 1000
"""Steps that are made up."""

IMAGINED_EPISODE = 100
"""Steps after which a policy forgets its state, where observations are random numbers."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Steps of several episodes, one after another.

    Attributes:
        observations: [T, n] float32.
        reset: [T] bool, true where an episode begins.
        warning: what is doubtful about it.

    Raises:
        UsageError: the shapes do not fit.
    """

    observations: Array
    reset: Array
    warning: str = ""

    def __post_init__(self) -> None:
        if self.observations.ndim != 2 or self.reset.shape != self.observations.shape[:1]:
            raise UsageError(f"observations {self.observations.shape} and reset {self.reset.shape} "
                             "are no recording", hint="give [T, n] and [T]")

    def save(self, path: str | PathLike[str]) -> None:
        """Writes an .npz that ``--calibrate`` takes."""
        np.savez(path, observations=self.observations, reset=self.reset)

    def halves(self) -> tuple[Recording, Recording]:
        """The first half, and the second as episodes of its own."""
        middle = len(self.observations) // 2
        fresh = self.reset.copy()
        fresh[middle : middle + 1] = True
        return (Recording(self.observations[:middle], fresh[:middle]),
                Recording(self.observations[middle:], fresh[middle:]))


Observations: TypeAlias = (
    "str | PathLike[str] | Recording | npt.ArrayLike | Mapping[str, npt.ArrayLike]")
"""Where observations come from: ``env:<id>``, ``bounds:LOW:HIGH``, the path of a file, an array
[T, n] of one episode, arrays by name as a file has them, or a Recording."""


def source_of(given: Observations | None) -> str | Recording:
    """What :func:`record` takes: paths become texts and arrays recordings; nothing is ``""``.

    Raises:
        FileFormatError: the arrays are no observations.
    """
    if given is None:
        return ""
    if isinstance(given, str | Recording):
        return given
    if isinstance(given, PathLike):
        return fspath(given)
    if isinstance(given, Mapping):
        return _recorded({name: _array(array) for name, array in given.items()}, "")
    return _recorded({"observations": _array(given)}, "")


def _array(given: npt.ArrayLike) -> Array:
    try:
        return np.asarray(given)
    except ValueError as error:
        raise FileFormatError(f"the observations are no array: {error}", hint=HINT) from error


def record(source: str | Recording, program: Program, *, seed: int = 0, steps: int = STEPS,
           observe: tuple[int, ...] = (), progress: Tell = nobody) -> Recording:
    """Observations from ``env:<id>`` (gymnasium), ``bounds:LOW:HIGH``, or an .npz or .npy file.

    LOW and HIGH are a number each, or as many as there are observations, with commas between them.

    Args:
        source: one of these, or what is recorded already.
        program: the float policy, which plays.
        seed: of the first episode; those that follow have the next ones.
        steps: how many are played or made up; one half calibrates, the other judges.
        observe: elements of the environment's flat observation that the policy sees; all by
            default.
        progress: is told what is being done.

    Raises:
        FileFormatError: the file cannot be read or holds something else.
        UsageError: the environment is unknown or does not fit the policy, or the numbers are not
            those that its space holds.
        MissingDependencyError: gymnasium is not installed.
    """
    if isinstance(source, Recording):
        _check(source, program)
        return source
    if source.startswith("env:"):
        if steps < 2:
            raise UsageError(f"{steps} steps cannot be halved")
        return _play(source.removeprefix("env:"), program, seed, steps, observe, progress)
    if source.startswith("bounds:"):
        made = _imagine(source.removeprefix("bounds:"), program, seed)
    else:
        made = _read(Path(source))
    _check(made, program)
    return made


def _check(made: Recording, program: Program) -> None:
    """Refuses what no policy of that observation can have seen, before anybody looks into it."""
    size = program.contract.observation_size
    if made.observations.shape[1] != size:
        raise UsageError(f"calibration data of the shape {made.observations.shape} does not fit "
                         f"the policy's {size} observations")
    if len(made.observations) < 2:
        raise UsageError(f"{len(made.observations)} steps are too few to calibrate with",
                         hint="one half calibrates, the other judges: record a thousand")
    if not np.isfinite(made.observations).all():
        raise UsageError("the calibration data holds NaN or infinite values")
    refuse_outside(program.contract, made.observations)


def _imagine(bounds: str, program: Program, seed: int) -> Recording:
    """Uniform numbers between bounds: better than nothing, and nothing that a policy ever sees."""
    size = program.contract.observation_size
    try:
        low, high = (np.broadcast_to(np.array(side.split(","), np.float64), (size,))
                     for side in bounds.split(":"))
    except ValueError as error:
        raise UsageError(f"the bounds {bounds!r} are not LOW:HIGH for {size} observations",
                         hint="for example --calibrate bounds:-1:1 or bounds:-1,0:1,5") from error
    if not (np.isfinite(low).all() and np.isfinite(high).all() and np.all(low < high)):
        raise UsageError(f"the bounds {bounds!r} are not finite, or LOW is not below HIGH")
    random = np.random.default_rng(seed)
    observations = random.uniform(low, high, (IMAGINED, size)).astype(np.float32)
    if program.contract.mask is not None:
        observations = program.contract.mask.at_random(observations, random)
    return Recording(
        observations, np.arange(len(observations)) % IMAGINED_EPISODE == 0,
        "calibrated and judged with uniform random numbers between bounds, not with what the "
        "policy sees: ranges are guesses, and the agreement says little. Record observations.")


def _read(path: Path) -> Recording:
    if path.suffix == ".npy":
        return _recorded({"observations": read_npy(path, "the file of observations", HINT)},
                         str(path))
    return _recorded(read_npz(path, "the file of observations", HINT), str(path))


def _recorded(arrays: Mapping[str, Array], where: str) -> Recording:
    found = arrays.get("observations")
    if found is None or found.dtype.kind not in "fiub" or found.ndim < 2:
        raise FileFormatError(f"{'the file holds' if where else 'there are'} no observations",
                              where=where, hint=HINT)
    observations = found.astype(np.float32).reshape(len(found), int(np.prod(found.shape[1:])))
    reset = np.asarray(arrays.get("reset", np.arange(len(found)) == 0), bool)
    if reset.shape != (len(found),):
        raise FileFormatError("reset has not one entry per observation", where=where, hint=HINT)
    return Recording(observations, reset)


def _play(identity: str, program: Program, seed: int, steps: int,
          observe: tuple[int, ...], progress: Tell) -> Recording:
    """Several episodes, each with a seed of its own; a long one is left for the next."""
    environment = Environment(identity, observe)
    try:
        environment.check(program.contract)
        policy = Interpreter(program)
        observations: list[Array] = []
        reset: list[bool] = []
        while len(observations) < steps:
            policy.reset()
            observation = environment.reset(seed + sum(reset))
            length, ended = 0, False
            while not ended and length * EPISODES < steps and len(observations) < steps:
                flat = environment.flat(observation, program.contract)
                observations.append(flat)
                if len(observations) % 100 == 0:
                    progress(Part("recording", len(observations), steps))
                reset.append(length == 0)
                observation, _, ended = environment.step(environment.nested(policy.act(flat)))
                length += 1
    finally:
        environment.close()
    return Recording(np.stack(observations), np.array(reset))
