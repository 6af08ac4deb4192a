# SPDX-License-Identifier: MIT
"""Compares a Program with the trajectory of its original, step by step, before argmax and sampling.

From equal states each step, where the original's states are visible: a difference is then that of
one step, and its proved bound is tight. And free running, which also shows a wrong initial state;
there the bound follows the state's difference (``verification.error_bound``).

A number outside of the bound is a disagreement, whatever the bound is. One inside of it says
something only where the bound is below 1 % of the action's deviation; the others are not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Contract, Discrete, Program
from puffer_edge.readers.text import printable
from puffer_edge.verification.error_bound import ErrorBound, gamma
from puffer_edge.verification.originals.explaining import (
    Form,
    acted,
    deviation,
    difference,
    explain,
    forms,
)
from puffer_edge.verification.originals.job import Trajectory

Verdict = Literal["agrees", "disagrees", "not judged"]

LOOSE = 0.01
"""Share of the action's deviation above which a bound says nothing."""
QUANTISED = 0.99
"""Share of a quantised graph's elements that must lie within one step of their scale."""
WORK = 10**8
"""Multiply-accumulates for which bounds are computed at once; a bound takes five times as long as a
step, so of a large network only the steps that differ most have one: the others differ less."""
FEWEST = 8
_BESIDE = re.compile(r"(?i)(^|[^a-z])(v|vf?|values?|critic|baseline|std|stddev|sigma|log_?std|"
                     r"log_?probs?|entropy|version_number|memory_size)([^a-z]|$)")
"""Names of outputs that no device needs: value, spread, constants of an exporter."""


@dataclass(frozen=True)
class Finding:
    """What a comparison found.

    Attributes:
        verdict: of the whole.
        text: one sentence with its figures.
        steps: that were compared.
        largest: difference, in deviations of the action.
    """

    verdict: Verdict
    text: str
    steps: int = 0
    largest: float = 0.0


@dataclass
class _Pair:
    """Something of ours and the same of theirs.

    Attributes:
        label: what it is, for the report.
        source: our output's name, or the name of a state's input.
        form: what lies between our raw value and theirs.
        theirs: [T, size].
        scale: step of their integers; 0 for float.
        deviation: [size], how far theirs move.
    """

    label: str
    source: str
    form: Form
    theirs: Array
    scale: float = 0.0
    deviation: Array = field(default_factory=lambda: np.zeros(0))


class _Disagreement(Exception):
    pass


def compare(program: Program, trajectory: Trajectory) -> Finding:
    """Whether a float Program computes what the original did over the same observations.

    Args:
        program: as a front end made it, or an optimised one.
        trajectory: of the original.
    """
    comparison = _Comparison(program, trajectory)
    try:
        return comparison.run()
    except _Disagreement as error:
        if trajectory.random:
            return Finding("not judged", "the original draws at random what it gives as "
                           f"{_listed(trajectory.random)}", len(trajectory.reset))
        return Finding("disagrees", str(error), len(trajectory.reset), comparison.largest)


def steps_of(program: Program, trajectory: Trajectory, links: Mapping[str, str] | None = None
             ) -> Iterator[dict[str, Array]]:
    """Every value of ours, step by step, over the original's observations.

    What overflows is not refused, as the original does not refuse it.

    Args:
        program: ours.
        trajectory: of the original.
        links: names of states of ours, and of theirs that they are set to before each step.
    """
    runner = Interpreter(program)
    for t, (x, fresh) in enumerate(zip(trajectory.observations, trajectory.reset, strict=True)):
        if fresh:
            runner.reset()
        else:  # what a reset gives is ours to tell
            for name, theirs in (links or {}).items():
                runner.state[name] = trajectory.before[theirs][t].astype(np.float32).reshape(
                    runner.state[name].shape)
        known = runner.values(x)
        yield known
        runner.state = {state.input: known[state.output] for state in program.states}


def _is_written(array: Array) -> bool:
    """Whether numbers are a front end's own (places, masks, 2^100), and were not computed.

    A row of ones may be what a normaliser came to.
    """
    return bool((array == np.rint(array)).all() and (array.ndim == 0 or (array != 1).any()))


class _Comparison:
    def __init__(self, program: Program, trajectory: Trajectory) -> None:
        self.program, self.trajectory = program, trajectory
        self.largest = 0.0
        self.unproved = ""  # an op whose rounding has no rule
        self.judged: list[tuple[int, int]] = []  # of each pass: judged numbers, and all
        self.constants = {name: gamma(8) * np.abs(array.astype(np.float64))
                          for name, array in program.constants.items()
                          if array.dtype.kind == "f" and not _is_written(array)}

    def run(self) -> Finding:
        free = list(steps_of(self.program, self.trajectory))
        links = self._links(free)
        equal = list(steps_of(self.program, self.trajectory, links)) if links else free
        pairs = self._pairs(equal)
        passes = [("from equal states, ", equal, links)] if links else []
        for label, steps, given in [
                *passes, ("free running, " if self.program.states else "", free, {})]:
            self.judged.append((0, 0))
            if self.trajectory.scales:
                self._check_quantised(label, steps, pairs)
            else:
                self._check(label, steps, given, pairs)
        return self._summary(pairs)

    def _links(self, free: list[dict[str, Array]]) -> dict[str, str]:
        """Our states and theirs: by name, else the nearest of the same size."""
        links: dict[str, str] = {}
        before = self.trajectory.before
        for state in self.program.states:
            rows = np.stack([known[state.input].reshape(-1) for known in free])
            fitting = {name: difference(rows, array.astype(np.float64))
                       for name, array in before.items()
                       if array.shape == rows.shape and name not in links.values()}
            if not fitting:
                return {}
            links[state.input] = (state.input if state.input in fitting
                                  else min(fitting, key=lambda name: fitting[name]))
        return links

    def _pairs(self, steps: list[dict[str, Array]]) -> list[_Pair]:
        """What is compared; every output of the original is in it, or was told to be dropped."""
        program, outputs = self.program, dict(self.trajectory.outputs)
        ours = {name: np.stack([known[value].reshape(-1) for known in steps]) for name, value
                in zip(program.output_names, program.outputs, strict=True)}
        pairs, contracts = [], _by_head(program.contract)
        for source, contract in zip(program.output_names, contracts, strict=False):
            mask = contract.mask
            allowed = None if mask is None else mask.allowed(self.trajectory.observations)
            found = explain(contract, ours[source], outputs, allowed)
            if found is None:
                raise _Disagreement(
                    f"the original gives {_shown(outputs)}; of these no action of "
                    f"{ours[source].shape[1]} numbers can be made")
            pairs.append(_Pair(
                _listed(found.outputs), source, found.form, found.theirs,
                max(self.trajectory.scales.get(name, 0.0) for name in found.outputs)))
            for name in found.outputs:
                outputs.pop(name)
        first, others = program.output_names[0], program.output_names[len(contracts):]
        plain = forms(program.contract)[0]
        for name in others:
            fitting = {other: difference(ours[name], array.astype(np.float64))
                       for other, array in outputs.items() if array.shape == ours[name].shape}
            if not fitting:
                raise _Disagreement(f"the original has nothing like our output {name}")
            best = min(fitting, key=lambda other: fitting[other])
            pairs.append(_Pair(_listed((best,)), name, plain, outputs.pop(best),
                               self.trajectory.scales.get(best, 0.0)))
        self._refuse_lost([ours[name] for name in program.output_names[: len(contracts)]], outputs)
        actions = self.trajectory.actions
        if actions is not None:
            pairs.append(_Pair("the library's action", first, _action(program), actions))
        for pair in pairs:
            pair.deviation = deviation(pair.theirs.astype(np.float64))
        return pairs

    def _refuse_lost(self, raws: list[Array], left: dict[str, Array]) -> None:
        """Every output that is left says the same again, or a note tells why it is left away."""
        told = " ".join(note.text for note in self.program.notes)
        value = "the value head" in told or "output value:" in told
        for name, array in left.items():
            again = any(v.shape == array.shape and difference(v, array.astype(np.float64)) < 1e-3
                        for v in (form.apply(raw, np.zeros_like(raw, np.float64))[0]
                                  for raw, contract in zip(raws, _by_head(self.program.contract),
                                                           strict=True)
                                  for form in forms(contract)))
            constant = len(array) > 1 and bool((array == array[:1]).all())
            if again or constant or _BESIDE.search(name) or printable(name) in told:
                continue
            if value and array.shape[1] == 1:
                value = False
                continue
            raise _Disagreement(f"the original's output {printable(name)}, {array.shape[1]} "
                                "numbers, is in no output of ours, and no note tells why")

    def _check(self, label: str, steps: list[dict[str, Array]], links: Mapping[str, str],
               pairs: list[_Pair]) -> None:
        apart = bool(links) or not self.program.states
        if apart:  # steps do not depend on each other: begin with the worst
            errors = [max(float(np.nan_to_num(self._error(pair, steps, t)[0] / pair.deviation,
                                              posinf=0).max()) for pair in pairs)
                      for t in range(len(steps))]
            count = max(WORK // max(self.program.macs, 1), FEWEST)
            chosen = np.argsort(errors)[::-1][:count].tolist()
            self.largest = max(self.largest, max(errors))
        bound = ErrorBound(self.program, self.constants)
        loose = False
        for t in chosen if apart else range(len(steps)):
            if self.trajectory.reset[t] or apart:
                bound.resynchronise()
                loose = False
            if loose:  # it grows until the next reset
                self._count(0, sum(pair.theirs.shape[1] for pair in pairs))
                continue
            loose = self._check_step(label, steps, t, bound, links, pairs) == 0 and not apart

    def _check_step(self, label: str, steps: list[dict[str, Array]], t: int, bound: ErrorBound,
                    links: Mapping[str, str], pairs: list[_Pair]) -> int:
        """Raises _Disagreement where a number lies outside of its bound; how many were judged."""
        limits = self._limits(bound, steps[t])
        judged = 0
        for pair in pairs:
            error, limit = self._error(pair, steps, t, limits.get(pair.source))
            limit = np.where(np.isnan(limit), np.inf, limit)
            tight = np.isfinite(error) & (limit <= LOOSE * pair.deviation) & bool(limits)
            if not limits:  # nothing is proved, but so much is wrong where states are equal
                apart = bool(links) or not self.program.states
                limit = LOOSE * pair.deviation if apart else np.full(error.shape, np.inf)
            judged += int(tight.sum())
            self._count(int(tight.sum()), int(np.isfinite(error).sum()))
            within = error[np.isfinite(error)] / pair.deviation[np.isfinite(error)]
            self.largest = max(self.largest, float(within.max(initial=0)))
            self._refuse(label, pair, t, error, limit)
        for ours, theirs in links.items() if limits else ():
            state = next(s for s in self.program.states if s.input == ours)
            after = self.trajectory.after.get(theirs)
            if after is None:
                continue
            error = np.abs(steps[t][state.output].reshape(-1).astype(np.float64) - after[t])
            limit = bound.state[ours].bound.reshape(-1)
            pair = _Pair(f"the state {printable(theirs)}", ours, forms(self.program.contract)[0],
                         after, deviation=deviation(after.astype(np.float64)))
            self._refuse(label, pair, t, np.where(np.isfinite(after[t]), error, 0.0),
                         np.where(np.isnan(limit), np.inf, limit))
        return judged

    def _limits(self, bound: ErrorBound, known: dict[str, Array]) -> dict[str, Array]:
        """Bounds on the outputs; none where an op has no rule for them."""
        try:
            with np.errstate(all="ignore"):
                return bound.step(known)
        except (KeyError, AssertionError) as error:  # of an op, or of a scalar function
            kind = error.args[0] if error.args else "one of its functions"
            self.unproved = kind.__name__ if isinstance(kind, type) else str(kind)
            return {}

    def _count(self, judged: int, known: int) -> None:
        before = self.judged[-1]
        self.judged[-1] = before[0] + judged, before[1] + known

    def _refuse(self, label: str, pair: _Pair, t: int, error: Array, limit: Array) -> None:
        wrong = np.flatnonzero(np.nan_to_num(error, posinf=0) > limit)
        if not wrong.size:
            return
        worst = int(wrong[np.argmax((error / pair.deviation)[wrong])])
        self.largest = float(error[worst] / pair.deviation[worst])
        raise _Disagreement(
            f"{label}element {worst} of {pair.label} is {pair.theirs[t][worst]:.6g} in step {t}; "
            f"ours is off by {error[worst]:.3g} ({self.largest:.3g} of its deviation), where "
            f"rounding explains {limit[worst]:.1g}")

    def _error(self, pair: _Pair, steps: list[dict[str, Array]], t: int,
               limit: Array | None = None) -> tuple[Array, Array]:
        """[size] differences, NaN where nothing is to be compared, and their bounds."""
        value = dict(zip(self.program.output_names, self.program.outputs, strict=True))
        raw = steps[t][value[pair.source]].reshape(-1)
        limit = np.zeros(raw.shape) if limit is None else limit
        with np.errstate(all="ignore"):
            ours, limit = pair.form.apply(raw[None], np.asarray(limit)[None])
            theirs = pair.theirs[t].astype(np.float64)
            error = np.abs(ours[0] - theirs)
        # What overflows there, or stands for minus infinity, has no difference.
        known = np.isfinite(theirs) & (np.abs(theirs) < 1e7) & np.isfinite(ours[0])
        return np.where(known, error, np.nan), np.broadcast_to(limit[0], error.shape)

    def _check_quantised(self, label: str, steps: list[dict[str, Array]], pairs: list[_Pair]
                         ) -> None:
        for pair in pairs:
            scale = pair.scale or max(self.trajectory.scales.values())
            errors = np.stack([self._error(pair, steps, t)[0] for t in range(len(steps))])
            errors = errors[np.isfinite(errors)] / scale
            share = float((errors <= 1.001).mean()) if errors.size else 1.0
            self._count(errors.size, errors.size)
            self.largest = max(self.largest, float(errors.max(initial=0)))
            if share < QUANTISED:
                raise _Disagreement(
                    f"{label}{1 - share:.1%} of {pair.label} are off by more than one step of its "
                    f"scale ({scale:.3g}), the worst by {errors.max():.3g} steps")

    def _summary(self, pairs: list[_Pair]) -> Finding:
        steps = len(self.trajectory.reset)
        form = f", as {pairs[0].form.name}" if pairs[0].form.name else ""
        unit = "steps of its scale" if self.trajectory.scales else "of the action's deviation"
        figures = (f"{steps} steps of {', '.join(pair.label for pair in pairs)}{form}; largest "
                   f"difference {self.largest:.2g} {unit}")
        judged, known = self.judged[0]  # from equal states, where they are visible
        if judged < known / 2:
            why = (f"no bound of rounding is known of {self.unproved}, for" if self.unproved else
                   f"the bound of rounding is above {LOOSE:.0%} of the action's deviation in "
                   f"{1 - judged / max(known, 1):.0%} of the numbers of")
            return Finding("not judged", f"{why} {figures}", steps, self.largest)
        judged, known = (sum(part) for part in zip(*self.judged, strict=True))
        if judged < known:
            figures += (f"; {known - judged} of {known} numbers not judged, as their bound is too "
                        "loose")
        return Finding("agrees", figures, steps, self.largest)


def _by_head(contract: Contract) -> list[Contract]:
    """The contract of each part of an action, as if there were no other."""
    return [replace(contract, action=head, mask=contract.mask if isinstance(head, Discrete) else
                    None) for head in contract.heads.values()]


def _action(program: Program) -> Form:
    action = program.contract.action
    if isinstance(action, Continuous):
        return Form("", lambda raw, limit: acted(action, raw, limit))
    return next(form for form in forms(program.contract) if form.name == "its choice")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(printable, names))


def _shown(outputs: Mapping[str, Array]) -> str:
    return ", ".join(f"{printable(name)} [{array.shape[1]}]" for name, array in outputs.items())
