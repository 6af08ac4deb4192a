# SPDX-License-Identifier: MIT
"""A candidate from its price to its return: no further than it takes to know that it is no good."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.fitting.budget import in_words
from puffer_edge.fitting.candidate import Candidate
from puffer_edge.fitting.disturbance import Disturbance
from puffer_edge.fitting.outcome import Outcome
from puffer_edge.fitting.practice import Practice
from puffer_edge.fitting.question import Question
from puffer_edge.fitting.seeds import disturbed_seeds, search_seeds, verdict_seeds
from puffer_edge.fitting.statistics import inferior
from puffer_edge.fitting.trainer import Made
from puffer_edge.ir import Program
from puffer_edge.quantization.agreement import agreement_of, outputs, scales

RUNGS = (1 / 8, 1 / 2, 1.0)
"""Shares of the search's seeds after which a clear loser is dropped (successive halving: Jamieson
and Talwalkar, 2016, by an interval in place of a rank, as losers are known one by one)."""
DISTURBED = 32
"""Episodes of each kind of disturbance."""


def judge(question: Question, candidate: Candidate) -> Outcome:
    """Prices, makes and plays a candidate."""
    try:
        price = question.price(candidate)
    except (UnsupportedError, UsageError) as error:
        return Outcome(candidate, why=f"no form: {error.what}")
    if not question.budget.fits(price):
        return Outcome(candidate, price, why=f"no room: {in_words(price)}")
    try:
        made = question.make(candidate)
        program = question.computed(candidate, made)
    except UnsupportedError as error:
        return Outcome(candidate, price, why=f"no form: {error.what}")
    if not isinstance(question.env, Practice):
        return Outcome(candidate, price, made, agreement=_agreement(question, program))
    returns, why = np.zeros(0), ""
    seeds = search_seeds(question.seed, len(question.returns))
    for rung in RUNGS:
        upto = max(2, round(rung * len(seeds)))
        returns = np.concatenate(
            [returns, question.env.play(program, seeds[len(returns) : upto]).returns])
        if inferior(returns - question.returns[:upto], question.margin):
            why = f"a clear loser after {upto} episodes"
            break
    return Outcome(candidate, price, made, returns, why=why)


def compared(question: Question, candidate: Candidate, made: Made, turn: int, episodes: int
             ) -> tuple[Array, Array]:
    """Returns of a candidate and of the teacher by seeds that nobody has used, [episodes] each.

    Args:
        question: with an environment.
        candidate: which.
        made: of it.
        turn: of the verdict; each has seeds of its own.
        episodes: how many.
    """
    assert isinstance(question.env, Practice)
    seeds = verdict_seeds(question.seed, turn, episodes)
    return (question.env.play(question.computed(candidate, made), seeds).returns,
            question.env.play(question.teacher, seeds).returns)


def disturbed(question: Question, program: Program) -> dict[str, float]:
    """Mean returns where something goes wrong, by its name."""
    if not isinstance(question.env, Practice):
        return {}
    seeds = disturbed_seeds(question.seed, DISTURBED)
    deviation = question.recording.observations.std(0)
    kinds = (Disturbance("noise", noise=0.05, deviation=deviation),
             Disturbance("delay", delay=1), Disturbance("drops", dropped=0.1))
    return {kind.name: float(question.env.play(program, seeds, disturbance=kind).returns.mean())
            for kind in kinds}


def _agreement(question: Question, program: Program) -> float:
    """Share of equal greedy actions, or 1 - the mean error of a continuous one, held back."""
    _, held_back = question.recording.halves()
    found = agreement_of(outputs(question.teacher, held_back), outputs(program, held_back),
                         question.teacher.contract.action, None, scales(program))
    return 1 - found.mean_error if found.share is None else found.share
