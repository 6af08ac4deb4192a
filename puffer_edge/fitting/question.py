# SPDX-License-Identifier: MIT
"""What a search is about: everything that a worker must know to make and judge a candidate."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

from puffer_edge.arrays import Array
from puffer_edge.artefact import program_file
from puffer_edge.exporters.finding import EXPORTERS
from puffer_edge.exporters.request import ExportRequest
from puffer_edge.fitting.budget import Budget
from puffer_edge.fitting.candidate import Candidate, Space
from puffer_edge.fitting.practice import Practice
from puffer_edge.fitting.statistics import Margin
from puffer_edge.fitting.students import untrained
from puffer_edge.fitting.trainer import Effort, Made, Trainer
from puffer_edge.ir import Program
from puffer_edge.quantization.recording import Recording
from puffer_edge.quantization.schemes import FLOATING
from puffer_edge.sizing import TARGET, Price, made_up, price


@dataclass(frozen=True)
class Question:
    """A teacher, where it plays, and what there is room for.

    Attributes:
        teacher: in float.
        env: where it plays, or what was recorded.
        recording: what the teacher sees when it plays.
        budget: of the board.
        space: of candidates.
        effort: that a student is made with; its candidate is replaced.
        trainer: that makes it.
        seed: of everything random.
        returns: of the teacher by the search's seeds; empty without an environment.
        margin: what may be lost.
    """

    teacher: Program
    env: Practice | Recording
    recording: Recording
    budget: Budget
    space: Space
    effort: Effort
    trainer: Trainer
    seed: int
    returns: Array
    margin: Margin

    def request(self, candidate: Candidate, made: Made) -> ExportRequest:
        """What is exported of a candidate that was made."""
        integers = candidate.scheme not in FLOATING
        return ExportRequest(
            made.program, TARGET, "policy", scheme=candidate.scheme,
            calibrate=made.recording if integers else "",
            layers=dict(candidate.layers) if integers else {}, nearest=made.nearest,
            min_agreement=0.95)

    def untrained(self, candidate: Candidate) -> Made:
        """A candidate before it is trained; of what it takes that tells all."""
        if candidate.teacher:
            return Made(self.teacher, self.recording)
        program = untrained(self.teacher, candidate, self.seed)
        return Made(program, made_up(program), nearest=True)

    def price(self, candidate: Candidate, made: Made | None = None) -> Price:
        """What a candidate takes on the board.

        Raises:
            UnsupportedError: its scheme has no form for it, or no step from integers.
        """
        return price(self.request(candidate, made or self.untrained(candidate)),
                     self.budget.board, integers=self.budget.integers)

    def make(self, candidate: Candidate) -> Made:
        """The candidate, trained."""
        if candidate.teacher:
            return Made(self.teacher, self.recording, words="as it is")
        return self.trainer.fit(self.teacher, self.env, replace(self.effort, candidate=candidate))

    def computed(self, candidate: Candidate, made: Made) -> Program:
        """The Program that its artefact computes: what is judged."""
        return EXPORTERS[TARGET].prepare(self.request(candidate, made),
                                         lambda text: None).program

    @cached_property
    def digest(self) -> str:
        """Tells this question from others: what was found for one is no answer to another."""
        told = hashlib.sha256(program_file.to_bytes(self.teacher))
        told.update(self.recording.observations.tobytes())
        named = self.env if isinstance(self.env, Practice) else "recorded"
        told.update(repr((named, self.budget, self.space, self.effort, self.seed,
                          self.margin.tolerance, len(self.returns),
                          type(self.trainer).__name__)).encode())
        return told.hexdigest()[:16]
