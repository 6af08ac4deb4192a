# SPDX-License-Identifier: MIT
"""Intervals: against published tables, theory of autoregressive series, and repeated sampling."""

from __future__ import annotations

import math

import numpy as np
import pytest

from puffer_edge.quantization.evidence import (
    correlation_time,
    mean_interval,
    percentile_interval,
    share_interval,
    variance_of_mean,
)


def autoregressive(random: np.random.Generator, rho: float, steps: int) -> np.ndarray:
    """A stationary series of that lag-1 autocorrelation and variance 1."""
    series = random.standard_normal(steps) * math.sqrt(1 - rho * rho)
    series[0] = random.standard_normal()
    for t in range(1, steps):
        series[t] += rho * series[t - 1]
    return series


@pytest.mark.parametrize(("hits", "size", "low", "high"), [
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718)])
def test_shares_have_wilsons_interval(hits: int, size: int, low: float, high: float) -> None:
    """R. G. Newcombe, Statistics in Medicine 17, 1998, table I, method 3."""
    assert share_interval(hits / size, size) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_the_correlation_time_of_an_autoregressive_series(rho: float) -> None:
    """(1 + rho) / (1 - rho), by theory."""
    series = autoregressive(np.random.default_rng(0), rho, 20_000)
    assert correlation_time(series) == pytest.approx((1 + rho) / (1 - rho), rel=0.15)


def test_a_series_that_does_not_vary_has_no_correlation() -> None:
    assert correlation_time(np.ones(50)) == 1
    assert variance_of_mean(np.ones(50)) == 0


@pytest.mark.parametrize("rho", [0.0, 0.8])
def test_intervals_hold_the_truth_as_often_as_they_say(rho: float) -> None:
    """95 of 100, with four standard deviations of chance and what an estimated variance takes."""
    random = np.random.default_rng(1)
    truth = 2.326348  # 99th percentile of a normal distribution
    hits = np.zeros(2)
    for _ in range(150):
        series = autoregressive(random, rho, 3000)
        low, high = mean_interval(series)
        hits[0] += low <= 0 <= high
        low, high = percentile_interval(series[:, None])
        hits[1] += low <= truth <= high
    assert (hits >= 0.95 * 150 - 4 * math.sqrt(150 * 0.05 * 0.95)).all(), hits
    assert (hits < 150).all()  # nor are they so wide that they always do


def test_a_percentile_of_few_numbers_has_no_upper_end() -> None:
    """0.99^367 is 0.025."""
    random = np.random.default_rng(2)
    assert percentile_interval(random.standard_normal((366, 1)))[1] == math.inf
    numbers = random.permutation(np.arange(4000.0))[:, None]
    low, high = percentile_interval(numbers)
    assert low < 3960 < high < 4000
    assert percentile_interval(numbers, 4)[1] < high
