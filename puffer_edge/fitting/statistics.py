# SPDX-License-Identifier: MIT
"""Paired differences of returns, and whether one policy is inferior to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from puffer_edge.arrays import Array

DRAWS = 10_000


@dataclass(frozen=True)
class Margin:
    """How much worse than the teacher is still good enough.

    Attributes:
        teacher, random: mean returns of the teacher and of random actions.
        tolerance: part of the teacher's return over random play that may be lost.
    """

    teacher: float
    random: float
    tolerance: float

    @property
    def allowed(self) -> float:
        """What may be lost of the return."""
        return self.tolerance * abs(self.teacher - self.random)


def means(differences: Array) -> Array:
    """Means of resampled differences (bootstrap, Efron 1979), [DRAWS]."""
    index = np.random.default_rng(0).integers(len(differences), size=(DRAWS, len(differences)))
    return np.asarray(differences[index].mean(1))


def lower_bound(differences: Array) -> float:
    """Lower end of the one-sided 95 % interval of the mean."""
    return float(np.quantile(means(differences), 0.05))


def interval(numbers: Array) -> tuple[float, float]:
    """95 % interval of the mean."""
    low, high = np.quantile(means(numbers), [0.025, 0.975])
    return float(low), float(high)


def inferior(differences: Array, margin: Margin) -> bool:
    """Whether a policy surely loses more than is allowed: a clear loser."""
    return interval(differences)[1] < -margin.allowed


def not_inferior(differences: Array, margin: Margin) -> bool:
    """Whether a policy surely does not."""
    return lower_bound(differences) > -margin.allowed
