# SPDX-License-Identifier: MIT
"""The search: optuna asks, workers judge, optuna is told; what is known already is not done again.

Two values are made small, flash and what is lost of the return; budgets are constraints. The
sampler of each trial is seeded by its number, so that a search which was killed goes on as if
nothing had been.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from puffer_edge.errors import MissingDependencyError, UsageError
from puffer_edge.fitting.candidate import Candidate
from puffer_edge.fitting.outcome import Outcome
from puffer_edge.fitting.question import Question
from puffer_edge.fitting.workers import Workers

OUTCOME = "outcome"
HEARTBEAT, GRACE = 5, 20
"""Seconds between two signs of life, and after which a command counts as dead."""
STARTING = 6
"""Random trials before the sampler learns from them."""
DUPLICATES = 25
"""Suggestions in a row that are known already: then the space counts as searched."""
PRICED = 10
"""Candidates per trial whose price is asked, at most: where hardly any has room, it ends, too."""
Progress = Callable[[str], None]


def open_study(question: Question, storage: str, *, together: bool = False) -> Any:
    """The study of a question in a storage; it may hold trials already.

    Args:
        question: what the study is of.
        storage: URL of a database; ``""`` for the memory of this process.
        together: several commands ask it, and show that they live.
    """
    optuna = library()
    alive = {} if not together else {
        "heartbeat_interval": HEARTBEAT, "grace_period": GRACE,
        "heartbeat_stale_trial_callback": optuna.storages.RetryHeartbeatStaleTrialCallback()}
    try:
        kept = optuna.storages.RDBStorage(storage, **alive) if storage else None
        return optuna.create_study(
            storage=kept, study_name=f"fit-{question.digest}", load_if_exists=True,
            directions=["minimize", "minimize"])
    except Exception as error:  # SQLAlchemy and its drivers raise many kinds
        raise UsageError(f"the storage {storage!a:.200} cannot be opened: "
                         f"{str(error).splitlines()[0]:.200}",
                         hint="give one as --storage sqlite:///search.db") from error


def search(question: Question, study: Any, trials: int, workers: Workers,
           progress: Progress = lambda text: None) -> None:
    """Asks, judges and tells until so many candidates were judged, or all of them.

    Args:
        question: what is searched for.
        study: of :func:`open_study`; nobody else tells it anything meanwhile.
        trials: students that are trained, in all, those found in the study included.
        workers: that judge.
        progress: is told what is being done.

    Raises:
        PufferEdgeError: what a worker met that another trial would meet again.
    """
    optuna = library()
    state = optuna.trial.TrialState
    for stale in study.get_trials(deepcopy=False, states=(state.RUNNING,)):
        lose(study, stale.number)  # of a search that was killed
    if not study.get_trials(deepcopy=False):
        for teacher in question.space.teachers:
            study.enqueue_trial(dict(question.space.parameters(teacher)))
    running: dict[Candidate, Any] = {}
    done, most = False, PRICED * trials + len(question.space.teachers)
    while True:
        while not done and len(running) < workers.count:
            found = None
            if trained(study) + sum(not each.teacher for each in running) < trials or waiting(
                    study):
                found = ask(question, study, set(running), most)
            if found is None:
                done = not running and not waiting(study)
                break
            trial, candidate = found
            progress(f"trial {trial.number}: {candidate.name}")
            workers.submit(candidate, question)
            running[candidate] = trial
        if not running:
            if done:
                return
            continue
        for candidate, outcome in workers.finished():
            trial = running.pop(candidate)
            if outcome is None:  # its worker has died
                progress(f"trial {trial.number}: lost, and asked again")
                lose(study, trial.number)
                done = False
            else:
                tell(question, study, trial, outcome)


def ask(question: Question, study: Any, running: set[Candidate], limit: int
        ) -> tuple[Any, Candidate] | None:
    """A trial with a candidate that nobody has judged; None where there seem to be no others.

    Args:
        question: with the space.
        study: of it.
        running: candidates that are being judged.
        limit: candidates in all, those without room included.
    """
    taken = 0  # suggestions that others are judging: another seed suggests something else
    for _ in range(DUPLICATES):
        known = outcomes(study)
        if len(set(known) | running) >= min(question.space.size, limit):
            return None
        study.sampler = sampler(question, turn(study) + 1000 * taken)
        trial = study.ask()
        candidate = question.space.suggest(trial)
        if candidate in known:
            tell(question, study, trial, known[candidate], again=True)
        elif candidate in running:
            study.tell(trial, state=library().trial.TrialState.FAIL)
            taken += 1
        else:
            return trial, candidate
    return None


def tell(question: Question, study: Any, trial: Any, outcome: Outcome, *, again: bool = False
         ) -> None:
    """Tells the study what became of a candidate; what it is told again is not kept again."""
    if not again:
        trial.set_user_attr(OUTCOME, outcome.to_text())
    trial.set_user_attr("constraints", constraints(question, outcome))
    study.tell(trial, values(question, outcome))


def values(question: Question, outcome: Outcome) -> list[float]:
    """Flash, and the part of the return over random play that is lost."""
    if outcome.price is None or outcome.mean != outcome.mean:
        return [float(outcome.price.flash) if outcome.price else 1e9, 2.0]
    if outcome.agreement is not None:
        return [float(outcome.price.flash), 1 - outcome.agreement]
    span = max(abs(question.margin.teacher - question.margin.random), 1e-9)
    return [float(outcome.price.flash), (question.margin.teacher - outcome.mean) / span]


def constraints(question: Question, outcome: Outcome) -> list[float]:
    """Not above 0 where nothing is beyond its limit."""
    if outcome.price is None:
        return [1.0] * len(question.budget.limits)
    return list(question.budget.excess(outcome.price).values())


def lose(study: Any, number: int) -> None:
    """A trial whose worker has died failed; the same candidate is asked for again."""
    trial = study.get_trials(deepcopy=False)[number]
    study.tell(number, state=library().trial.TrialState.FAIL)
    study.enqueue_trial(trial.params)


def outcomes(study: Any) -> dict[Candidate, Outcome]:
    """What is known, by candidate, in the order of the trials."""
    found: dict[Candidate, Outcome] = {}
    for trial in study.get_trials(deepcopy=False):
        if OUTCOME in trial.user_attrs:
            outcome = _read(trial.user_attrs[OUTCOME])
            found.setdefault(outcome.candidate, outcome)
    return found


def waiting(study: Any) -> bool:
    """Whether trials are enqueued."""
    return bool(study.get_trials(deepcopy=False,
                                 states=(library().trial.TrialState.WAITING,)))


def library() -> Any:
    """optuna, which says nothing.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise MissingDependencyError("optuna, which searches, is not installed",
                                     hint="pip install 'puffer-edge[fit]'") from error
    optuna.logging.set_verbosity(logging.ERROR)
    return optuna


@contextmanager
def quietly() -> Iterator[None]:
    """Without what optuna warns of its own experiments."""
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="optuna")
        warnings.filterwarnings("ignore", category=library().exceptions.ExperimentalWarning)
        yield


_KNOWN: dict[str, Outcome] = {}


def _read(text: str) -> Outcome:
    if text not in _KNOWN:
        _KNOWN[text] = Outcome.from_text(text)
    return _KNOWN[text]


def trained(study: Any) -> int:
    """Students that were trained so far."""
    return sum(not candidate.teacher and outcome.made is not None
               for candidate, outcome in outcomes(study).items())


def turn(study: Any) -> int:
    """The number of the next trial, had none failed."""
    lost = library().trial.TrialState.FAIL
    return sum(trial.state != lost for trial in study.get_trials(deepcopy=False))


def sampler(question: Question, number: int) -> Any:
    """Of the trial with that number."""
    return library().samplers.TPESampler(
        seed=question.seed + number, n_startup_trials=STARTING + len(question.space.teachers),
        constraints_func=lambda trial: trial.user_attrs.get(
            "constraints", [1.0] * len(question.budget.limits)))
