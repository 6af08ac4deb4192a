"""Which numbers a policy really sees: every value of the float Program over many steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program

Array = npt.NDArray[Any]

MIN_STEPS = 16
"""Fewer steps say nothing about a range."""


@dataclass(frozen=True)
class Calibration:
    """Smallest and largest number of every value, per element.

    Attributes:
        low, high: by value name, the value's shape, float32.
        steps: number of steps seen.
    """

    low: dict[str, Array]
    high: dict[str, Array]
    steps: int

    def bounds(self, name: str) -> tuple[float, float]:
        """Range of a whole tensor; 0 is always inside, so that it can be told exactly."""
        return min(float(self.low[name].min()), 0.0), max(float(self.high[name].max()), 0.0)


def calibrate(program: Program, observations: Array, reset: Array) -> Calibration:
    """Runs the float Program over recorded observations.

    Args:
        program: the float Program that will be quantised.
        observations: [T, n], finite.
        reset: [T] bool, true where an episode begins.

    Raises:
        UsageError: too few steps, a wrong size, or numbers that are not finite.
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
    interpreter = Interpreter(program)
    low: dict[str, Array] = {}
    high: dict[str, Array] = {}
    for observation, fresh in zip(observations, reset, strict=True):
        if fresh:
            interpreter.reset()
        values = interpreter.values(observation)
        interpreter.advance(values)
        for name in values:
            if name not in program.constants:
                low[name] = np.minimum(low.get(name, values[name]), values[name])
                high[name] = np.maximum(high.get(name, values[name]), values[name])
    return Calibration(low, high, len(observations))
