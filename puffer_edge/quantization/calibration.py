"""Which numbers a policy really sees: every value of the float Program over many steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program

Array = npt.NDArray[Any]

MIN_STEPS = 16
"""Fewer steps say nothing about a range."""

SAMPLED = 4096
"""Larger values leave their range only."""

# Both headrooms were picked among some thirty pairs by the agreement of two recurrent policies over
# recordings of 300 steps. Two policies are few: judge by the held-back half of your own recording.
HEADROOM = 1.25
"""Activations get this much more than the largest number seen."""

OBSERVATION_HEADROOM = 3.0
"""Features of the observation get more: a policy meets states that no recording holds, and a number
that is cut off there is wrong in every layer after it."""


@dataclass(frozen=True)
class Calibration:
    """Smallest and largest number of every value, per element.

    Attributes:
        low, high: by value name, the value's shape, float32.
        steps: number of steps seen.
        samples: values of at most ``SAMPLED`` elements at every step, [T, size] float32.
    """

    low: dict[str, Array]
    high: dict[str, Array]
    steps: int
    samples: dict[str, Array] = field(default_factory=dict)

    def bounds(self, name: str) -> tuple[float, float]:
        """Range of a whole tensor, with headroom; 0 is always inside and told exactly."""
        low, high = float(self.low[name].min()), float(self.high[name].max())
        return HEADROOM * min(low, 0.0), HEADROOM * max(high, 0.0)

    def features(self, name: str) -> tuple[Array, Array]:
        """Range of each element of an observation, float64, with headroom.

        Around the middle of what was seen, at least twice the largest magnitude to either side; a
        feature that was always 0 gets [-1, 1].
        """
        low, high = (side[name].reshape(-1).astype(np.float64) for side in (self.low, self.high))
        magnitude = np.maximum(np.abs(low), np.abs(high))
        reach = np.maximum(OBSERVATION_HEADROOM * (high - low) / 2,
                           (OBSERVATION_HEADROOM - 1) * magnitude)
        reach = np.where(magnitude == 0, 1.0, reach)
        middle = (low + high) / 2
        return middle - reach, middle + reach


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
    samples: dict[str, list[Array]] = {}
    for observation, fresh in zip(observations, reset, strict=True):
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
                       {name: np.stack(rows) for name, rows in samples.items()})
