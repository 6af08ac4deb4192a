# SPDX-License-Identifier: MIT
"""What every emulator offers: reset, step, self-test, and what a step costs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from puffer_edge.artefact.interface import Interface
from puffer_edge.errors import UsageError
from puffer_edge.progress import Tell, nobody, through


@dataclass(frozen=True)
class StepResult:
    """What one step gave.

    Attributes:
        status: the policy's status; 0 is success.
        action: the bytes of ``<name>_action_t``.
        outputs: all raw outputs one after the other, float32.
        instructions: executed instructions of the step; None where they cannot be counted.
        cycles: that the core takes for it; None where the emulator does not know.
    """

    status: int
    action: bytes
    outputs: NDArray[np.float32]
    instructions: int | None
    cycles: int | None = None


@dataclass(frozen=True)
class Checked:
    """What a check of the weights on the machine gave.

    Attributes:
        damaged: what ``<name>_check`` returns; 0 is good.
        instructions, cycles: as of a step.
    """

    damaged: int
    instructions: int | None = None
    cycles: int | None = None


class Machine(Protocol):
    """A machine that runs one policy image.

    Every method raises VerificationError when the policy faults or does not end.
    """

    def run(
        self, observations: Sequence[bytes], reset_at: Collection[int] = (0,)
    ) -> list[StepResult]:
        """Steps through the observations, resetting the policy before those in ``reset_at``."""

    def selftest(self) -> int:
        """The policy's own self-test: 0 when every vector matches bit for bit."""

    def check(self) -> Checked | None:
        """Looks for damaged weights; None where nobody would measure what that takes."""

    def stack_used(self) -> int | None:
        """The deepest stack of all steps so far in bytes; None where it cannot be measured."""


class SteppingMachine:
    """Gives ``run`` to a machine that takes one observation at a time."""

    spec: Interface
    told: Tell = staticmethod(nobody)
    """Hears how far a run is."""

    def reset(self) -> None:
        """Puts the policy into its initial state."""
        raise NotImplementedError

    def step(self, observation: bytes) -> StepResult:
        """One step; ``observation`` holds the bytes of ``<name>_obs_t``."""
        raise NotImplementedError

    def run(
        self, observations: Sequence[bytes], reset_at: Collection[int] = (0,)
    ) -> list[StepResult]:
        """Steps through the observations, resetting the policy before those in ``reset_at``."""
        resets = frozenset(reset_at)
        results = []
        for index, observation in through([*enumerate(observations)], "running", self.told):
            if index in resets:
                self.reset()
            results.append(self.step(observation))
        return results


def check_observation(spec: Interface, observation: bytes) -> None:
    """Refuses an observation of the wrong size.

    Raises:
        UsageError: it is not ``spec.obs_bytes`` long.
    """
    if len(observation) != spec.obs_bytes:
        raise UsageError(
            f"an observation of {spec.name} has {spec.obs_bytes} bytes, not {len(observation)}"
        )
