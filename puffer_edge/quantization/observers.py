# SPDX-License-Identifier: MIT
"""From the numbers that a value took to the range that its integers cover."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UsageError

Observer = Callable[[Array], tuple[float, float]]

HEADROOM = 1.25
"""What ``minmax`` adds to the largest number seen. Picked, with that of observations, among some
thirty pairs by the agreement of two recurrent policies over recordings of 300 steps."""

TAIL = 0.01
"""Per cent of the numbers that ``percentile`` cuts off at either end."""

FRACTIONS = np.linspace(0.3, HEADROOM, 39)
"""Parts of the largest range that ``mse`` tries."""


def minmax(seen: Array) -> tuple[float, float]:
    """The smallest and the largest number, with headroom."""
    return HEADROOM * float(seen.min()), HEADROOM * float(seen.max())


def percentile(seen: Array) -> tuple[float, float]:
    """Without the few largest and smallest numbers, and without headroom."""
    low, high = np.percentile(seen, (TAIL, 100 - TAIL))
    return float(low), float(high)


def mse(seen: Array) -> tuple[float, float]:
    """The part of the range with the least mean square error in 8 bits, clipping included."""
    low, high = min(float(seen.min()), 0.0), max(float(seen.max()), 0.0)

    def error(fraction: float) -> float:
        step = max(fraction * (high - low) / 255, 1e-30)
        integers = np.clip(np.floor(seen / step + 0.5), np.floor(fraction * low / step + 0.5),
                           np.floor(fraction * high / step + 0.5))
        return float(((integers * step - seen) ** 2).mean())

    best = min(FRACTIONS, key=error)
    return float(best * low), float(best * high)


OBSERVERS: dict[str, Observer] = {"minmax": minmax, "percentile": percentile, "mse": mse}


def find_observer(name: str) -> Observer:
    """The observer of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in OBSERVERS:
        raise UsageError(f"there is no observer {name!r}",
                         hint=f"choose one of {', '.join(OBSERVERS)}")
    return OBSERVERS[name]
