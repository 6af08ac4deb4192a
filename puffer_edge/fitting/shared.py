# SPDX-License-Identifier: MIT
"""Several commands search in one database: each asks for itself, optuna's heartbeat tells who died.

A trial whose command has died is told as failed and enqueued again, with the same candidate.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from puffer_edge.fitting.candidate import Candidate
from puffer_edge.fitting.judging import judge
from puffer_edge.fitting.question import Question
from puffer_edge.fitting.searching import (
    DUPLICATES,
    OUTCOME,
    constraints,
    library,
    outcomes,
    sampler,
    trained,
    turn,
    values,
    waiting,
)

ANNOUNCED = "candidate"
POLL = 0.5


class _Elsewhere(Exception):
    """Another command has this candidate."""


def search_together(question: Question, study: Any, trials: int,
                    progress: Callable[[str], None]) -> None:
    """Judges candidates until all commands together have trained so many students, or all.

    Args:
        question: the same in all commands.
        study: in a database, with a heartbeat.
        trials: students that are trained, in all.
        progress: is told what is being done.
    """
    optuna, idle = library(), 0
    for teacher in question.space.teachers:
        study.enqueue_trial(dict(question.space.parameters(teacher)), skip_if_exists=True)

    def objective(trial: Any) -> list[float]:
        nonlocal idle
        candidate = question.space.suggest(trial)
        trial.set_user_attr(ANNOUNCED, candidate.name)
        known = outcomes(study).get(candidate)
        if known is None and _taken(study, trial.number, candidate):
            idle += 1
            raise _Elsewhere
        if known is None:
            idle = 0
            progress(f"trial {trial.number}: {candidate.name}")
            known = judge(question, candidate)
            trial.set_user_attr(OUTCOME, known.to_text())
        else:
            idle += 1
        trial.set_user_attr("constraints", constraints(question, known))
        return values(question, known)

    while True:
        optuna.storages.fail_stale_trials(study)
        running = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
        more = (idle < DUPLICATES and trained(study) + len(running) < trials
                and len(outcomes(study)) < question.space.size)
        if waiting(study) or more:
            study.sampler = sampler(question, turn(study) + 1000 * idle)
            study.optimize(objective, n_trials=1, catch=(_Elsewhere,))
        elif running:
            progress("waiting for the others")
            time.sleep(POLL)
        else:
            return


def _taken(study: Any, number: int, candidate: Candidate) -> bool:
    """Whether an earlier trial that is running has the candidate; waits until all say theirs."""
    state = library().trial.TrialState
    while True:
        earlier = [trial for trial in study.get_trials(deepcopy=False, states=(state.RUNNING,))
                   if trial.number < number]
        names = [trial.user_attrs.get(ANNOUNCED) for trial in earlier]
        if candidate.name in names:
            return True
        if None not in names:
            return candidate in outcomes(study)
        library().storages.fail_stale_trials(study)
        time.sleep(POLL / 5)
