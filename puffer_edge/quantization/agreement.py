# SPDX-License-Identifier: MIT
"""How much an integer policy acts like the float one it came from, and whether that is enough.

Every figure has a limit and an interval. An interval beyond the limit is a failure, one that holds
it is too short a recording: nothing passes that might as well have failed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Discrete, Head, Hybrid, Program
from puffer_edge.ir.ops.mask import lowest
from puffer_edge.progress import Tell, nobody, through
from puffer_edge.quantization.evidence import (
    Interval,
    correlation_time,
    mean_interval,
    percentile_interval,
    share_interval,
)
from puffer_edge.quantization.recording import Recording
from puffer_edge.sampling import NOTHING, never

Verdict = Literal["passed", "failed", "not judged"]

AGREEMENT = 0.95
"""Fewer equal greedy actions are another policy."""

ERRORS = {"int8": (0.04, 0.15), "int8x16": (0.01, 0.05), "int16": (0.01, 0.05)}
"""Mean and 99th percentile of a continuous action's error, relative to the deviation of the float
policy's; ordinary robot policies in int8 have about 0.02 and 0.06."""

FLOOR = 0.01
"""Part of an action's range below which its deviation is not taken to be."""

TIE = 0.01
"""A choice that the float policy likes less by so small a part of its mean margin costs nothing."""

MARGIN = 0.25
"""Part of the mean margin that a changed choice may lose on the average, where as many change as
may. Rounding changes choices near ties: a share f of them loses f^2 of the margin, if margins are
evenly spread; what loses more has learnt something else."""

CLOSE = 0.05
"""Share of the steps whose choice is closest: where choices change, if they do. How these steps
cluster tells what the others are worth also while nothing differs."""

FORBEARANCE = 2.0
"""Steps of an output's scale that the float output may deviate while it is constant in integers."""

PATIENCE = 1000.0
"""How many times as many steps are thought of, before a recording is called undecidable."""


@dataclass(frozen=True)
class Limits:
    """What is enough.

    Attributes:
        agreement: least share of equal greedy actions; 0 asks for nothing.
        mean, tail: largest mean and 99th percentile of the error of a continuous action, relative
            to the deviation of the float policy's actions.
    """

    agreement: float = AGREEMENT
    mean: float = ERRORS["int16"][0]
    tail: float = ERRORS["int16"][1]

    @staticmethod
    def of(schemes: Iterable[str], agreement: float = AGREEMENT,
           max_error: float | None = None) -> Limits:
        """Of a policy whose layers have these schemes: the widest tolerance of any.

        Args:
            schemes: keys of ``ERRORS``; others (floats) have the narrowest tolerance.
            agreement: see :class:`Limits`.
            max_error: another mean; the 99th percentile keeps its distance from it.
        """
        mean, tail = max((ERRORS.get(scheme, ERRORS["int16"]) for scheme in schemes),
                         default=ERRORS["int16"])
        factor = 1.0 if max_error is None else max_error / mean
        return Limits(agreement, mean * factor, tail * factor)


@dataclass(frozen=True)
class Figure:
    """A figure beside its limit.

    Attributes:
        name: what it is of.
        value, low, high: with its 95 % interval.
        limit: that it must not cross.
        least: the limit is a lower one.
        missing: held-back steps that would have to be added to decide; 0 where it is decided.
        certain: the value alone decides, as no interval can.
    """

    name: str
    value: float
    low: float
    high: float
    limit: float
    least: bool = False
    missing: int = 0
    certain: bool = False

    @property
    def crossed(self) -> bool:
        """Whether the value itself is beyond the limit, whatever the interval says."""
        return self.value < self.limit if self.least else self.value > self.limit

    @property
    def verdict(self) -> Verdict:
        """Which side of the limit the interval lies on."""
        if self.certain:
            return "failed" if self.crossed else "passed"
        good, bad = ((self.low >= self.limit, self.high < self.limit) if self.least else
                     (self.high <= self.limit, self.low > self.limit))
        return "passed" if good else "failed" if bad else "not judged"

    @property
    def text(self) -> str:
        """The figure in words."""
        high = "unknown" if math.isinf(self.high) else f"{self.high:.2%}"
        word = "least" if self.least else "most"
        return (f"{self.name} {self.value:.2%} (95 % interval {self.low:.2%} to {high}), "
                f"at {word} {self.limit:.2%} wanted")


@dataclass(frozen=True)
class Agreement:
    """What differs between two policies over one recording.

    Attributes:
        steps: number of steps.
        share: of steps with equal greedy actions in all heads; None for a continuous
            action.
        mean_error, largest_error: of the probabilities (softmax per head), or of the continuous
            action relative to the deviation of the float policy's, per element.
        figures: those with a limit.
        still: elements of the output that do not change though they should.
    """

    steps: int
    share: float | None
    mean_error: float
    largest_error: float
    figures: tuple[Figure, ...] = ()
    still: tuple[int, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """``not judged`` where the recording is too short, and nothing has failed."""
        verdicts = {figure.verdict for figure in self.figures}
        if self.still or "failed" in verdicts:
            return "failed"
        return "not judged" if "not judged" in verdicts else "passed"

    @property
    def failing(self) -> list[str]:
        """What is beyond its limit, whatever its interval says, in words."""
        return [f"output {element} is constant" for element in self.still] + [
            f"{figure.name} is {figure.value:.2%}, at {'least' if figure.least else 'most'} "
            f"{figure.limit:.2%} is wanted" for figure in self.figures if figure.crossed]

    @property
    def missing(self) -> int:
        """Held-back steps that would have to be added to decide."""
        return max((figure.missing for figure in self.figures), default=0)

    @property
    def text(self) -> str:
        """Every figure in words, what decides first."""
        order: list[Verdict] = ["failed", "not judged", "passed"]
        parts = [f"output {element} is constant" for element in self.still]
        parts += [figure.text for figure in sorted(
            self.figures, key=lambda figure: order.index(figure.verdict))]
        return "; ".join(parts)


def outputs(program: Program, recording: Recording, what: str = "judging",
            progress: Tell = nobody) -> Array:
    """Raw first outputs of a Program over a recording, state carried, as real numbers."""
    interpreter = Interpreter(program)
    names = program.output_names[: len(program.contract.heads)]
    rows = []
    steps = list(zip(recording.observations, recording.reset, strict=True))
    for observation, fresh in through(steps, what, progress):
        if fresh:
            interpreter.reset()
        found = interpreter.step(observation)
        rows.append([found[name] for name in names])
    parts = []
    for index, value in enumerate(program.outputs[: len(names)]):
        raw, qparams = np.stack([row[index] for row in rows]), program.values[value].quantization
        parts.append(raw.astype(np.float64) if qparams is None else dequantized(
            raw, qparams.scale, qparams.zero_point,
            never(program) if index == program.contract.choosing else NOTHING))
    return np.concatenate(parts, 1)


def scales(program: Program) -> tuple[float, ...]:
    """Steps of the outputs that the action is made of; 0 for one in floats."""
    all_qparams = [program.values[name].quantization
                for name in program.outputs[: len(program.contract.heads)]]
    return tuple(qparams.scale if qparams else 0.0 for qparams in all_qparams)


def dequantized(raw: Array, scale: float, zero_point: int, forbidden: int) -> Array:
    """Integer outputs as real numbers, float64.

    Args:
        raw: integers.
        scale: real value of one step.
        zero_point: the integer that stands for 0.
        forbidden: the integer of a choice that the mask forbids, which stands for the lowest float;
            see ``sampling.never``.
    """
    found = (raw.astype(np.float64) - zero_point) * scale
    return np.where(raw == forbidden, lowest("float32")[0], found)


def agreement_of(reference: Array, ours: Array, action: Head | Hybrid,
                 limits: Limits | None = None, step: float | Sequence[float] = 0.0,
                 measure: Array | None = None) -> Agreement:
    """Compares raw outputs.

    Args:
        reference: the float policy's, [T, width].
        ours: the same of what is judged.
        action: what becomes of them.
        limits: what is enough.
        step: scale of an integer output, in its units; 0 where it has none. One for each output
            that the action is made of.
        measure: see :func:`agreement_of_actions`.
    """
    limits = limits or Limits()
    steps = (step,) if isinstance(step, float | int) else tuple(step)
    if isinstance(action, Hybrid):
        cut = action.continuous.width
        return _joined(
            agreement_of(reference[:, :cut], ours[:, :cut], action.continuous, limits, steps[0],
                         measure),
            agreement_of(reference[:, cut:], ours[:, cut:], action.discrete, limits, steps[-1]),
            cut)
    step = steps[0]
    still: tuple[int, ...] = ()
    if step:
        varied = reference.std(0) > FORBEARANCE * step
        still = tuple(np.flatnonzero(varied & (np.ptp(ours, axis=0) == 0)).tolist())
    if isinstance(action, Continuous):
        return agreement_of_actions(act(action, reference), act(action, ours), action, limits,
                                    still, measure)
    return _agreement_of_logits(reference, ours, action, limits, still)


def _joined(moving: Agreement, choosing: Agreement, cut: int) -> Agreement:
    """Of a continuous action of ``cut`` elements and the choices beside it."""
    return Agreement(
        moving.steps, choosing.share, max(moving.mean_error, choosing.mean_error),
        max(moving.largest_error, choosing.largest_error), moving.figures + choosing.figures,
        moving.still + tuple(cut + element for element in choosing.still))


def act(action: Continuous, raw: Array) -> Array:
    """Actions of raw outputs [T, n], after squash and bounds."""
    return np.stack([action.act(row.astype(np.float32)) for row in raw])


def deviation(actions: Array, action: Continuous) -> Array:
    """What an error of each element is measured by, [n] float64.

    The standard deviation of the float policy's actions [T, n]; at least :data:`FLOOR` of the
    bounds, or else of the range seen, or of the magnitude of an element that is always the same.
    """
    actions = actions.astype(np.float64)
    span = np.ptp(actions, axis=0)
    if action.low:
        bounds = np.array(action.high, np.float64) - np.array(action.low, np.float64)
        span = np.where(np.isfinite(bounds), bounds, span)
    span = np.where(span > 0, span, np.abs(actions).max(0))
    return np.asarray(np.maximum(actions.std(0), FLOOR * np.where(span > 0, span, 1.0)))


def measure_of(action: Head | Hybrid, *references: Array) -> Array | None:
    """:func:`deviation` over several parts of a recording, by the float policy's raw outputs."""
    if isinstance(action, Hybrid):
        cut = action.continuous.width
        return measure_of(action.continuous, *(part[:, :cut] for part in references))
    if not isinstance(action, Continuous):
        return None
    return deviation(act(action, np.concatenate(references)), action)


def agreement_of_actions(reference: Array, ours: Array, action: Continuous, limits: Limits,
                         still: tuple[int, ...] = (), measure: Array | None = None) -> Agreement:
    """Compares continuous actions after squash and bounds, [T, n] each.

    Args:
        reference: what the float policy did.
        ours: what is judged.
        action: of both.
        limits: what is enough.
        still: see :class:`Agreement`.
        measure: :func:`deviation` over more steps than these, [n]; by default over these, which
            may show one phase of what the policy does only.
    """
    measure = deviation(reference, action) if measure is None else measure
    error = np.abs(ours.astype(np.float64) - reference) / measure
    means = error.mean(0)
    worst = int(means.argmax())
    figures = [
        _figure("mean error", float(error.mean()), limits.mean, len(error),
                lambda factor: mean_interval(error.mean(1), factor)),
        _figure("99th percentile of the error", float(np.quantile(error, 0.99)), limits.tail,
                len(error), lambda factor: percentile_interval(error, factor))]
    if len(means) > 1:
        figures.append(_figure(
            f"mean error of element {worst}, the largest,", float(means[worst]), limits.tail,
            len(error), lambda factor: mean_interval(error[:, worst], factor)))
    return Agreement(len(error), None, float(error.mean()), float(error.max()), tuple(figures),
                     still)


def agreement_of_choices(alike: Array, limits: Limits) -> Agreement:
    """Of actions alone, by whether all heads of a step chose the same, [T] bool."""
    share, size = float(alike.mean()), len(alike) / correlation_time(alike)
    figure = _figure("equal actions", share, limits.agreement, len(alike),
                     lambda factor: share_interval(share, size * factor), least=True)
    return Agreement(len(alike), share, 1 - share, 1 - float(alike.min()), (figure,))


def _agreement_of_logits(reference: Array, ours: Array, action: Discrete, limits: Limits,
                         still: tuple[int, ...]) -> Agreement:
    cuts = np.cumsum(action.sizes)[:-1]
    same = np.ones(len(reference), bool)
    lost, margin = np.zeros(len(reference)), np.full(len(reference), np.inf)
    errors = []
    for a, b in zip(np.split(reference, cuts, 1), np.split(ours, cuts, 1), strict=True):
        wanted, chosen = a.argmax(1), b.argmax(1)
        same &= wanted == chosen
        likely = _softmax(a)
        errors.append(np.abs(likely - _softmax(b)))
        if a.shape[1] == 1:
            continue
        ordered = np.sort(likely, axis=1)
        margins = ordered[:, -1] - ordered[:, -2]
        usual = max(float(margins.mean()), 1e-12)
        lost = np.maximum(lost, (ordered[:, -1] - likely[np.arange(len(b)), chosen]) / usual)
        margin = np.minimum(margin, margins / usual)
    error = np.concatenate(errors, 1)
    alike = same | (lost < TIE)
    share = float(alike.mean())
    close = margin <= np.quantile(margin, CLOSE)
    size = len(alike) / max(correlation_time(alike), correlation_time(close))
    figures = (
        _figure("equal greedy actions", share, limits.agreement, len(alike),
                lambda factor: share_interval(share, size * factor), least=True),
        _figure("margin lost where they differ", float(lost.mean()),
                MARGIN * (1 - limits.agreement) if limits.agreement else math.inf, len(lost),
                lambda factor: mean_interval(lost, factor)))
    return Agreement(len(error), float(same.mean()), float(error.mean()), float(error.max()),
                     figures, still)


def _figure(name: str, value: float, limit: float, steps: int,
            interval: Callable[[float], Interval], least: bool = False) -> Figure:
    """A figure with the steps that are missing to decide."""
    certain = least and limit >= 1  # no number of steps shows that there never is another action
    figure = Figure(name, value, *interval(1.0), limit, least, certain=certain)
    factor = 1.0
    while (figure.verdict == "not judged" and factor < PATIENCE
           and Figure(name, value, *interval(factor), limit, least).verdict == "not judged"):
        factor *= 1.1
    missing = math.ceil(steps * (factor - 1))
    return Figure(name, value, figure.low, figure.high, limit, least, missing, certain)


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))
