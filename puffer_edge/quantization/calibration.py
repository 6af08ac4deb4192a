# SPDX-License-Identifier: MIT
"""Which numbers a policy really sees: every value of the float Program over many steps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.progress import Tell, nobody, through
from puffer_edge.quantization.observers import find_observer, minmax

MIN_STEPS = 16
"""Fewer steps say nothing about a range."""

SAMPLED = 4096
"""Larger values leave their range only."""

OBSERVATION_HEADROOM = 3.0
"""Features of the observation get more: a policy meets states that no recording holds, and a number
that is cut off there is wrong in every layer after it. See ``observers.HEADROOM``."""

LARGEST_REACH = 8.0
"""Where a feature lies far from 0 it gets so many times as much as it was seen to change: more
would take weights of 8 bits their resolution, as the feature's scale is in its column."""

OUTLIER = 1000.0
"""A feature that is so many times larger in one step than in 99 % of those where it is not 0 would
leave no integers for the others; such data are refused."""


@dataclass(frozen=True)
class Calibration:
    """Smallest and largest number of every value, per element.

    Attributes:
        low, high: by value name, the value's shape, float32.
        steps: number of steps seen.
        samples: values of at most ``SAMPLED`` elements at every step, [T, size] float32.
        observer: how ranges are made of them, a key of ``OBSERVERS``.
    """

    low: dict[str, Array]
    high: dict[str, Array]
    steps: int
    samples: dict[str, Array] = field(default_factory=dict)
    observer: str = "minmax"

    def bounds(self, name: str) -> tuple[float, float]:
        """Range of a whole tensor as the observer says; 0 is always inside and told exactly."""
        seen = self.samples.get(name)
        low, high = (minmax(np.stack([self.low[name], self.high[name]])) if seen is None
                     else find_observer(self.observer)(seen))
        return min(low, 0.0), max(high, 0.0)

    def features(self, name: str) -> tuple[Array, Array]:
        """Range of each element of an observation, float64, with headroom.

        Around the middle of what was seen, at least twice the largest magnitude to either side,
        but of a large number that hardly changes, such as a barometer's, ``LARGEST_REACH`` times
        what it was seen to change. A feature that was always 0 gets [-1, 1]. The observer
        ``percentile`` leaves out one step in a hundred at either end.
        """
        if self.observer == "percentile" and name in self.samples:
            low, high = np.percentile(self.samples[name].astype(np.float64), (1, 99), axis=0)
        else:
            low, high = (side[name].reshape(-1).astype(np.float64)
                         for side in (self.low, self.high))
        magnitude = np.maximum(np.abs(low), np.abs(high))
        half = (high - low) / 2
        wide = np.minimum((OBSERVATION_HEADROOM - 1) * magnitude,
                          np.where(half > 0, LARGEST_REACH * half, np.inf))
        reach = np.maximum(OBSERVATION_HEADROOM * half, wide)
        reach = np.where(magnitude == 0, 1.0, reach)
        middle = (low + high) / 2
        return middle - reach, middle + reach


def calibrate(program: Program, observations: Array, reset: Array,
              observer: str = "minmax", progress: Tell = nobody) -> Calibration:
    """Runs the float Program over recorded observations.

    Args:
        program: the float Program that will be quantised.
        observations: [T, n], finite.
        reset: [T] bool, true where an episode begins.
        observer: a key of ``OBSERVERS``.
        progress: is told what is being done.

    Raises:
        UsageError: too few steps, a wrong size, numbers that are not finite, or an outlier.
    """
    observations = np.asarray(observations, np.float32)
    if observations.ndim != 2 or observations.shape[1] != program.contract.observation_size:
        raise UsageError(f"calibration data of the shape {observations.shape} does not fit the "
                         f"policy's {program.contract.observation_size} observations")
    if len(observations) < MIN_STEPS:
        raise UsageError(f"{len(observations)} steps are too few to calibrate with",
                         hint=f"record at least {MIN_STEPS}, better a thousand")
    if not np.isfinite(observations).all():
        raise UsageError("the calibration data holds NaN or infinite values")
    find_observer(observer)
    if observer != "percentile":
        _refuse_outliers(observations)
    interpreter = Interpreter(program)
    low: dict[str, Array] = {}
    high: dict[str, Array] = {}
    samples: dict[str, list[Array]] = {}
    steps = list(zip(observations, reset, strict=True))
    for observation, fresh in through(steps, "calibrating", progress):
        if fresh:
            interpreter.reset()
        values = interpreter.values(observation)
        interpreter.advance(values)
        for name in values:
            if name not in program.constants:
                low[name] = np.minimum(low.get(name, values[name]), values[name])
                high[name] = np.maximum(high.get(name, values[name]), values[name])
                if values[name].size <= SAMPLED:
                    samples.setdefault(name, []).append(values[name].reshape(-1))
    return Calibration(low, high, len(observations),
                       {name: np.stack(rows) for name, rows in samples.items()}, observer)


def _refuse_outliers(observations: Array) -> None:
    magnitudes = np.abs(observations)
    for feature, column in enumerate(magnitudes.T):
        usual = np.percentile(column[column > 0], 99, method="lower") if column.any() else 0.0
        if usual > 0 and column.max() > OUTLIER * usual:
            step = int(column.argmax())
            raise UsageError(
                f"feature {feature} is {observations[step, feature]:g} at step {step} of the "
                f"calibration data, and at most {usual:g} in 99 % of the others",
                hint="take that step out, or use --observer percentile, which clips it")
