# SPDX-License-Identifier: MIT
"""How sure a figure is that was measured over steps of episodes, of which each is like the last.

Every interval is one of 95 %. Steps that follow each other are correlated, and the elements of one
step are, too; so none of them counts as a whole one. What they are worth is the variance of a mean,
with the correlation in it, and from it the effective number of independent ones (the design effect:
L. Kish, Survey Sampling, 1965, section 8.2).
"""

from __future__ import annotations

import math

import numpy as np

from puffer_edge.arrays import Array

Interval = tuple[float, float]

Z = 1.959964
"""97.5 % of a normal distribution lies below it."""

TAIL = 0.025
"""What may lie outside of an interval on either side."""


def correlation_time(series: Array) -> float:
    """How many steps are worth one independent step, at least 1.

    1 + 2 * the sum of the autocorrelations, of which pairs are added as long as they are positive
    and do not grow: the initial monotone sequence estimator (C. J. Geyer, "Practical Markov chain
    Monte Carlo", Statistical Science 7(4), 1992, section 3.3).

    Args:
        series: [T], one number per step.
    """
    deviation = np.asarray(series, np.float64) - np.mean(series)
    count = len(deviation)
    if count < 4 or not (deviation * deviation).sum():
        return 1.0
    power = np.fft.rfft(deviation, 2 * count)
    covariance = np.fft.irfft(power * power.conj(), 2 * count)[:count]
    correlation = covariance / covariance[0]
    pairs = correlation[: count // 2 * 2].reshape(-1, 2).sum(1)
    ends = np.flatnonzero(pairs <= 0)
    pairs = np.minimum.accumulate(pairs[: ends[0]] if ends.size else pairs)
    return float(np.clip(2 * pairs.sum() - 1, 1.0, count))


def variance_of_mean(series: Array) -> float:
    """Variance of the mean of [T] correlated numbers."""
    return float(np.var(series)) * correlation_time(series) / len(series)


def mean_interval(series: Array, factor: float = 1.0) -> Interval:
    """Of the mean of a series [T], if there were ``factor`` times as many steps."""
    mean, reach = float(np.mean(series)), Z * math.sqrt(variance_of_mean(series) / factor)
    return mean - reach, mean + reach


def share_interval(share: float, size: float) -> Interval:
    """Of a share of ``size`` independent steps.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22, 1927: also right near 0 and 1.
    """
    middle = (share + Z * Z / (2 * size)) / (1 + Z * Z / size)
    reach = Z / (1 + Z * Z / size) * math.sqrt(
        share * (1 - share) / size + Z * Z / (4 * size * size))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def percentile_interval(numbers: Array, factor: float = 1.0, level: float = 0.99) -> Interval:
    """Of a high percentile of numbers [T, n], if there were ``factor`` times as many steps.

    How many of ``size`` independent numbers lie above a percentile is binomial, which gives the
    ranks between which it lies (H. A. David and H. N. Nagaraja, Order Statistics, 2003, section
    7.1); the size is the effective one (R. S. Woodruff, "Confidence intervals for medians and other
    position measures", Journal of the American Statistical Association 47, 1952). Too few numbers
    have no upper end: of the 99th percentile, fewer than 367.
    """
    above = (numbers > np.quantile(numbers, level)).mean(1)
    share = float(above.mean())
    size = numbers.size if not share else min(
        share * (1 - share) / max(variance_of_mean(above), 1e-30), numbers.size)
    count = max(int(size * factor), 1)
    # P(at most k above), one k after the other.
    probability, below = level**count, 0.0
    fewest, most = -1, count
    for k in range(count + 1):
        below += probability
        if below <= TAIL:
            fewest = k
        if below >= 1 - TAIL:
            most = k
            break
        probability *= (count - k) / (k + 1) * (1 - level) / level
    low = float(np.quantile(numbers, max(1 - (most + 1) / count, 0.0)))
    return low, math.inf if fewest < 0 else float(np.quantile(numbers, 1 - fewest / count))
