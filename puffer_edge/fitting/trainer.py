# SPDX-License-Identifier: MIT
"""What makes policies: one interface for every back end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from puffer_edge.fitting.candidate import Candidate
from puffer_edge.fitting.practice import Practice
from puffer_edge.ir import Program
from puffer_edge.quantization.recording import Recording


@dataclass(frozen=True)
class Effort:
    """What a policy is made with: its shape, and how much is spent on it.

    Attributes:
        candidate: shape and scheme.
        seed: of everything random.
        steps: to play for each set of data.
        rounds: of DAgger, in which the student acts and the teacher labels.
        updates: of the weights, by the first set and by each round's.
        quantised: updates at the end, with the integers of the artefact in the forward pass.
    """

    candidate: Candidate
    seed: int = 0
    steps: int = 6000
    rounds: int = 3
    updates: int = 1500
    quantised: int = 600


@dataclass(frozen=True)
class Made:
    """A policy that a trainer made.

    Attributes:
        program: in float.
        recording: what it sees when it plays; its scheme's ranges are calibrated with that.
        nearest: its weights are rounded to the nearest integers, as training has done.
        words: how it was made.
    """

    program: Program
    recording: Recording = field(default_factory=lambda: Recording(
        np.zeros((0, 0), np.float32), np.zeros(0, bool)))
    nearest: bool = False
    words: str = ""


class Trainer(Protocol):
    """A back end."""

    def fit(self, teacher: Program, env: Practice | Recording, budget: Effort) -> Made:
        """A student that acts like the teacher.

        Args:
            teacher: in float.
            env: where both act; of a recording alone, behaviour is cloned.
            budget: the student's shape and scheme, and what is spent.
        """

    def finetune(self, policy: Program, env: Practice, budget: Effort) -> Made:
        """The policy, trained on by the environment's reward.

        Args:
            policy: in float.
            env: where it acts.
            budget: what is spent; of its candidate, the scheme.

        Raises:
            MissingDependencyError: what trains it is not installed.
        """
