"""Recorded observations to calibrate with: from a file, or from the policy playing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import FileFormatError, MissingDependencyError, UsageError
from puffer_edge.exporters.npz import read_npz
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program

Array = npt.NDArray[Any]

STEPS = 2000
"""Steps that are played in an environment."""


@dataclass(frozen=True)
class Recording:
    """Steps of several episodes, one after another.

    Attributes:
        observations: [T, n] float32.
        reset: [T] bool, true where an episode begins.
    """

    observations: Array
    reset: Array

    def halves(self) -> tuple[Recording, Recording]:
        """The first half, and the second as episodes of its own."""
        middle = len(self.observations) // 2
        fresh = self.reset.copy()
        fresh[middle : middle + 1] = True
        return (Recording(self.observations[:middle], fresh[:middle]),
                Recording(self.observations[middle:], fresh[middle:]))


def record(source: str, program: Program, *, seed: int = 0) -> Recording:
    """Observations from ``env:<id>`` (gymnasium) or from an .npz or .npy file.

    Raises:
        FileFormatError: the file cannot be read or holds something else.
        UsageError: the environment is unknown or does not fit the policy.
        MissingDependencyError: gymnasium is not installed.
    """
    if source.startswith("env:"):
        return _play(source.removeprefix("env:"), program, seed)
    return _read(Path(source))


def _read(path: Path) -> Recording:
    hint = "give an .npz with observations [T, n] and, for several episodes, reset [T]"
    if path.suffix == ".npy":
        try:
            arrays = {"observations": np.load(path, allow_pickle=False)}
        except (OSError, ValueError, EOFError) as error:
            raise FileFormatError(f"the observations cannot be read: {error}", where=str(path),
                                  hint=hint) from error
    else:
        arrays = read_npz(path, "the file of observations", hint)
    found = arrays.get("observations")
    if found is None or found.dtype.kind not in "fiub" or found.ndim < 2:
        raise FileFormatError("the file holds no observations", where=str(path), hint=hint)
    observations = found.astype(np.float32).reshape(len(found), int(np.prod(found.shape[1:])))
    reset = np.asarray(arrays.get("reset", np.arange(len(found)) == 0), bool)
    if reset.shape != (len(found),):
        raise FileFormatError("reset has not one entry per observation", where=str(path), hint=hint)
    return Recording(observations, reset)


def _play(identity: str, program: Program, seed: int) -> Recording:
    try:
        import gymnasium
    except ImportError as error:
        raise MissingDependencyError("gymnasium is not installed",
                                     hint="pip install gymnasium") from error
    try:
        environment = gymnasium.make(identity)
    except Exception as error:  # gymnasium raises many kinds, environments any
        raise UsageError(f"the environment {identity!r} cannot be made: {error}") from error
    policy = Interpreter(program)
    observations, reset = [], []
    observation, _ = environment.reset(seed=seed)
    fresh = True
    for _ in range(STEPS):
        flat = np.asarray(observation, np.float32).reshape(-1)
        if flat.size != program.contract.observation_size:
            raise UsageError(f"the environment gives {flat.size} numbers, the policy takes "
                             f"{program.contract.observation_size}")
        observations.append(flat)
        reset.append(fresh)
        if fresh:
            policy.reset()
        action = policy.act(flat)
        shape = environment.action_space.shape
        observation, _, ended, cut, _ = environment.step(
            action.reshape(shape) if shape else int(action[0]))
        fresh = ended or cut
        if fresh:
            observation, _ = environment.reset()
    environment.close()
    return Recording(np.stack(observations), np.array(reset))
