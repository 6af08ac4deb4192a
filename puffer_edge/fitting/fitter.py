# SPDX-License-Identifier: MIT
"""``fit``: from a teacher and its environment to the cheapest policy that plays as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.fitting.budget import Budget, in_words
from puffer_edge.fitting.candidate import OBSERVED, Candidate, Space
from puffer_edge.fitting.delivering import deliver
from puffer_edge.fitting.judging import compared, disturbed
from puffer_edge.fitting.outcome import Outcome
from puffer_edge.fitting.practice import Practice
from puffer_edge.fitting.question import Question
from puffer_edge.fitting.result import Fitted, Row, Verdict, by_price, front, row_of
from puffer_edge.fitting.searching import open_study, outcomes, quietly, search
from puffer_edge.fitting.seeds import practice_seeds, search_seeds
from puffer_edge.fitting.shared import search_together
from puffer_edge.fitting.statistics import Margin, lower_bound, not_inferior
from puffer_edge.fitting.trainer import Effort, Trainer
from puffer_edge.fitting.workers import workers
from puffer_edge.ir import Program
from puffer_edge.passes import optimize
from puffer_edge.quantization.recording import Recording
from puffer_edge.quantization.schemes import FLOATING, SCHEMES
from puffer_edge.sizing import Price, made_up

STEPS = 4000
"""That the teacher plays to calibrate its own schemes; half of them judge."""
LEAST = 200
"""Episodes of a verdict."""
AGREED = 0.95
"""Share of equal actions that is enough where nothing is played."""
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """How a search is done.

    Attributes:
        trials: students that are trained, at most.
        episodes: by which the search compares.
        verdict: episodes of the verdict, at least :data:`LEAST`.
        tolerance: part of the teacher's return over random play that may be lost.
        seed: of everything random.
        workers: ``""``, a number of processes, or the address of a dask scheduler.
        storage: of the search; a database that several commands may share; ``""`` for none.
        together: others search in that storage, too.
    """

    trials: int = 12
    episodes: int = 96
    verdict: int = LEAST
    tolerance: float = 0.02
    seed: int = 0
    workers: str = ""
    storage: str = ""
    together: bool = False

    def __post_init__(self) -> None:
        if self.trials < 1 or self.episodes < 8:
            raise UsageError("a search takes at least 1 trial and 8 episodes")
        if self.verdict < LEAST:
            raise UsageError(f"{self.verdict} episodes are too few for a verdict",
                             hint=f"give --episodes {LEAST} or more")
        if not 0 < self.tolerance < 1:
            raise UsageError(f"the tolerance {self.tolerance} is no part of the return",
                             hint="give one as --tolerance 0.02")
        if self.seed < 0:
            raise UsageError(f"the seed {self.seed} is negative")
        if self.together and self.workers not in ("", "1"):
            raise UsageError("workers of a shared storage are commands of their own",
                             hint="give --storage to each of them, and no --workers")


def fit(teacher: Program, env: Practice | Recording, budget: Budget, trainer: Trainer,
        directory: Path, name: str, *, space: Space | None = None, effort: Effort | None = None,
        settings: Settings | None = None, progress: Progress = lambda text: None) -> Fitted:
    """Searches, judges, exports and verifies.

    Args:
        teacher: in float.
        env: where it plays, or what was recorded of it.
        budget: of the board.
        trainer: that makes students.
        directory: where the artefact of the best goes.
        name: stem of its C names.
        space: of candidates; chosen by the teacher by default.
        effort: that a student is made with.
        settings: of the search.
        progress: is told what is being done.

    Raises:
        UsageError: no candidate can fit the budget: it names the nearest; or the environment does
            not fit the teacher.
        MissingDependencyError: optuna, or what else is needed, is not installed.
    """
    settings, teacher = settings or Settings(), optimize(teacher)
    effort = effort or Effort(Candidate("float32"), seed=settings.seed)
    space = space_for(teacher, budget, space)
    if isinstance(env, Practice):
        progress("trying the environment")
        env.check(teacher)
    elif env.observations.shape[1:] != (teacher.contract.observation_size,):
        raise UsageError(f"the recording has {env.observations.shape[1]} elements per observation, "
                         f"the policy takes {teacher.contract.observation_size}")
    question = Question(teacher, env, made_up(teacher), budget, space, effort, trainer,
                        settings.seed, np.zeros(0), Margin(0.0, 0.0, settings.tolerance))
    refuse_impossible(question, progress)
    question = _with_teacher(question, settings, progress)
    with quietly():
        study = open_study(question, settings.storage, together=settings.together)
        if settings.together:
            search_together(question, study, settings.trials, progress)
        else:
            with workers(settings.workers) as chosen:
                search(question, study, settings.trials, chosen, progress)
        found = list(outcomes(study).values())
    return _decided(question, found, directory, name, settings, progress)


def space_for(teacher: Program, budget: Budget, space: Space | None) -> Space:
    """The space with the teacher's own schemes, and without what the budget rules out."""
    if space is None:
        space = Space(cells=("gru", "lstm") if teacher.states else ("",))
    schemes: Sequence[str] = space.schemes
    own: tuple[str, ...] = (*FLOATING, *SCHEMES)
    if budget.integers:
        schemes = [each for each in schemes if each in SCHEMES]
        own = tuple(SCHEMES)
        if not schemes:
            raise UsageError("there is no step from integers in floats",
                             hint=f"give some of --schemes {','.join(SCHEMES)}")
    alone = [Candidate(scheme, teacher=True) for scheme in own]
    layers = [op.layer for op in teacher.ops if op.layer]
    mixed = [Candidate("int8", layers=((layer, "int16"),), teacher=True)
             for layer in dict.fromkeys(layers) if len(set(layers)) > 1][:6]
    narrow = [Candidate("int8", layers=OBSERVED[8], teacher=True)
              for bits in space.observation_bits if bits == 8]
    return replace(space, schemes=tuple(schemes), teachers=(*alone, *mixed, *narrow))


def refuse_impossible(question: Question, progress: Progress) -> None:
    """Whether anything can fit the budget, before anything is played or trained.

    Raises:
        UsageError: nothing does; it says what takes least.
    """
    least: tuple[float, str] | None = None
    for candidate in _cheapest(question):
        progress(f"what {candidate.name} takes")
        try:
            price = question.price(candidate)
        except (UnsupportedError, UsageError):
            continue
        if question.budget.fits(price):
            return
        beyond = max(question.budget.excess(price).values())
        if least is None or beyond < least[0]:
            least = beyond, f"{candidate.name} takes {in_words(price)}"
    if least is None:
        raise UsageError("no candidate has a form for this policy")
    raise UsageError(f"nothing fits {question.budget.text}",
                     hint=f"the nearest: {least[1]}")


def _cheapest(question: Question) -> Iterator[Candidate]:
    """The smallest students, and the teacher where none is smaller."""
    teacher, smaller = question.teacher, False
    if teacher.contract.mask is None:
        for candidate in question.space.smallest():
            smaller |= question.untrained(candidate).program.parameters < teacher.parameters
            yield candidate
    if not smaller:
        yield from question.space.teachers


def _with_teacher(question: Question, settings: Settings, progress: Progress) -> Question:
    """The question with what the teacher and random actions reach."""
    if not isinstance(question.env, Practice):
        return replace(question, recording=question.env,
                       margin=Margin(1.0, 0.0, settings.tolerance))
    env, teacher = question.env, question.teacher
    progress("the teacher plays")
    recording = env.play(teacher, practice_seeds(settings.seed, 63), keep=True,
                         steps=STEPS).recording
    assert recording is not None
    seeds = search_seeds(settings.seed, settings.episodes)
    returns = env.play(teacher, seeds).returns
    progress("random actions play")
    random = env.random_returns(teacher, seeds[: max(8, len(seeds) // 3)])
    margin = Margin(float(returns.mean()), float(random.mean()), settings.tolerance)
    if margin.teacher <= margin.random:
        raise UsageError(f"the teacher plays no better than chance: {margin.teacher:.6g} against "
                         f"{margin.random:.6g}", hint="check --env, and what the file lacks")
    return replace(question, recording=recording, returns=returns, margin=margin)


def _decided(question: Question, found: Sequence[Outcome], directory: Path, name: str,
             settings: Settings, progress: Progress) -> Fitted:
    """The cheapest that is not inferior by new seeds, exported and verified."""
    by_name = {outcome.candidate.name: outcome for outcome in found}
    rows = {row.name: row for row in sorted(map(row_of, found), key=by_price)}
    promising = [row for row in rows.values() if row.mean is not None and not row.why]
    best: Row | None = None
    written: Path | None = None
    for turn, row in enumerate(promising):
        outcome = by_name[row.name]
        if not _may_pass(question, outcome):
            continue
        progress(f"the verdict of {row.name}")
        row = replace(row, verdict=_verdict(question, outcome, turn, settings))
        rows[row.name] = row
        if row.verdict is not None and not row.verdict.passed:
            continue
        why = deliver(question, outcome, directory, name, progress)
        if why:
            rows[row.name] = replace(row, why=why)
            continue
        best, written = row, directory
        break
    shown = front(promising) | ({best.name} if best else set())
    for title in shown:
        progress(f"disturbing {title}")
        made = by_name[title].made
        assert made is not None
        program = question.computed(by_name[title].candidate, made)
        rows[title] = replace(rows[title], front=True, disturbed=disturbed(question, program))
    made = None if best is None else by_name[best.name].made
    teacher = {"": question.margin.teacher, **disturbed(question, question.teacher)}
    return Fitted(None if best is None else rows[best.name], tuple(rows.values()),
                  question.margin, teacher, None if made is None else made.program, written,
                  not isinstance(question.env, Practice), _as_it_is(question))


def _as_it_is(question: Question) -> Price | None:
    """What the teacher takes before anything is done to it."""
    whole = replace(question, budget=replace(question.budget, integers=False))
    try:
        return whole.price(Candidate("float32", teacher=True))
    except (UnsupportedError, UsageError):
        return None


def _may_pass(question: Question, outcome: Outcome) -> bool:
    """Whether it looks good enough for a verdict; of recorded data this is the verdict."""
    if outcome.agreement is not None:
        return outcome.agreement >= AGREED
    return float((outcome.returns - question.returns).mean()) > -question.margin.allowed


def _verdict(question: Question, outcome: Outcome, turn: int, settings: Settings
             ) -> Verdict | None:
    if outcome.agreement is not None:
        return None
    assert outcome.made is not None
    ours, theirs = compared(question, outcome.candidate, outcome.made, turn, settings.verdict)
    margin = replace(question.margin, teacher=float(theirs.mean()))
    return Verdict(len(ours), float(ours.mean()), float(theirs.mean()),
                   lower_bound(ours - theirs), -margin.allowed,
                   not_inferior(ours - theirs, margin))
