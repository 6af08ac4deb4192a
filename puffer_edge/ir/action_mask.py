# SPDX-License-Identifier: MIT
"""Which choices may be taken in this step: a part of the observation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from puffer_edge.arrays import Array
from puffer_edge.ir.status import Status, refusal


@dataclass(frozen=True)
class ActionMask:
    """A part of the flat observation with an element for each choice of each discrete head.

    Attributes:
        start: first element; those of the heads lie one after another.
        sizes: choices of each head.
        forbids: 1 stands for what is forbidden; else for what may be taken.
        limits: an element of at least this counts as 1, any other as 0; none for 0.5. Integer
            observations have their own.
    """

    start: int
    sizes: tuple[int, ...]
    forbids: bool = False
    limits: tuple[float, ...] = ()

    @property
    def part(self) -> slice:
        """Where it lies."""
        return slice(self.start, self.start + sum(self.sizes))

    def allowed(self, observations: Array) -> npt.NDArray[np.bool_]:
        """Which choices may be taken, [..., choices], for flat observations [..., n]."""
        limits = np.array(self.limits or (0.5,))
        return np.asarray((observations[..., self.part] >= limits) != self.forbids)

    def without_choice(self, observation: Array) -> int | None:
        """The first head of which everything is forbidden; None where each has a choice."""
        flags = np.split(self.allowed(observation.reshape(-1)), np.cumsum(self.sizes)[:-1])
        return next((head for head, part in enumerate(flags) if not part.any()), None)

    def check(self, observation: Array) -> None:
        """Raises StepError where everything is forbidden in one of the heads."""
        if self.without_choice(observation) is not None:
            raise refusal(Status.NO_CHOICE)

    def permitting(self, observations: Array) -> Array:
        """Observations [..., n] that are made up, with nothing forbidden."""
        found = observations.copy()
        found[..., self.part] = self._numbers(np.ones(found[..., self.part].shape, bool))
        return found

    def at_random(self, observations: Array, random: np.random.Generator) -> Array:
        """Observations [T, n] that are made up, with random masks that leave a choice."""
        heads, rows = [], np.arange(len(observations))
        for size in self.sizes:
            flags = random.integers(0, 2, (len(rows), size)).astype(bool)
            flags[rows, random.integers(0, size, len(rows))] = True
            heads.append(flags)
        found = observations.copy()
        found[:, self.part] = self._numbers(np.concatenate(heads, 1))
        return found

    def _numbers(self, allowed: Array) -> Array:
        """Elements of an observation that say so."""
        ones = allowed != self.forbids
        return np.where(ones, np.array(self.limits or (1.0,)), np.array(self.limits or (1.0,)) - 1)
