# SPDX-License-Identifier: MIT
"""Intervals and figures over random steps, each worked out again in plain Python and numpy."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from puffer_edge.ir import Discrete
from puffer_edge.quantization.agreement import Agreement, Figure, Limits, agreement_of
from puffer_edge.quantization.evidence import (
    correlation_time,
    mean_interval,
    percentile_interval,
    share_interval,
    variance_of_mean,
)

Z = NormalDist().inv_cdf(0.975)


def geyer(series: np.ndarray) -> float:
    """The initial monotone sequence estimator as it is printed, sum by sum."""
    count, mean = len(series), float(np.mean(series))
    rest = [float(value) - mean for value in series]
    around = [sum(rest[t] * rest[t + lag] for t in range(count - lag)) for lag in range(count)]
    if not around[0]:
        return 1.0
    total, least = 0.0, math.inf
    for pair in range(count // 2):
        both = (around[2 * pair] + around[2 * pair + 1]) / around[0]
        if both <= 0:
            break
        least = min(least, both)
        total += least
    return min(max(2 * total - 1, 1.0), count)


def drawn(kind: str, steps: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return {"noise": random.standard_normal(steps), "walk": random.standard_normal(steps).cumsum(),
            "line": np.arange(steps, dtype=np.float64), "wave": np.sin(np.arange(steps) / 3),
            "flags": (random.random(steps) < 0.4).astype(np.float64),
            "turns": np.where(np.arange(steps) % 2, -1.0, 1.0) + random.random(steps)}[kind]


@pytest.mark.parametrize("kind", ["noise", "walk", "line", "wave", "flags", "turns"])
@pytest.mark.parametrize("steps", [4, 5, 11, 12, 40])
def test_correlation_is_summed_as_it_is_printed(kind: str, steps: int) -> None:
    series = drawn(kind, steps, steps)
    expected = geyer(series)
    assert correlation_time(series) == pytest.approx(expected)
    variance = sum((value - series.mean()) ** 2 for value in series) / steps * expected / steps
    assert variance_of_mean(series) == pytest.approx(variance)
    for factor in (1.0, 4.0):
        reach = Z * math.sqrt(variance / factor)
        assert mean_interval(series, factor) == pytest.approx(
            (series.mean() - reach, series.mean() + reach))


def test_three_steps_tell_no_correlation() -> None:
    """Four that rise do."""
    assert correlation_time(np.arange(3.0)) == 1 < correlation_time(np.arange(4.0))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.93, 1.0])
@pytest.mark.parametrize("size", [1.5, 20.0, 367.0])
def test_the_ends_of_a_share_are_just_not_refused(share: float, size: float) -> None:
    """Wilson's: the true shares p with abs(share - p) = Z * sqrt(p (1 - p) / size)."""
    for end, edge in zip(share_interval(share, size), (0.0, 1.0), strict=True):
        assert 0 <= end <= 1
        assert abs(share - end) == pytest.approx(Z * math.sqrt(end * (1 - end) / size), abs=1e-6)
        assert (end != share) or share == edge


def percentile(numbers: np.ndarray, factor: float, level: float) -> tuple[float, float]:
    """By exact binomials: the ranks that 2.5 % on either side leave."""
    above = (numbers > np.quantile(numbers, level)).mean(1)
    share = float(above.mean())
    size = min(share * (1 - share) / max(variance_of_mean(above), 1e-30), numbers.size)
    count = max(int((size if share else numbers.size) * factor), 1)
    chances = [math.comb(count, k) * (1 - level) ** k * level ** (count - k)
               for k in range(count + 1)]
    at_most = np.cumsum(chances)
    few = np.flatnonzero(at_most <= 0.025)
    many = int(np.flatnonzero(at_most >= 0.975)[0])
    low = float(np.quantile(numbers, max(1 - (many + 1) / count, 0)))
    return low, float(np.quantile(numbers, 1 - few[-1] / count)) if few.size else math.inf


@pytest.mark.parametrize("level", [0.9, 0.99])
@pytest.mark.parametrize("shape", [(8, 1), (60, 3), (200, 2), (400, 1)])
@pytest.mark.parametrize("factor", [1.0, 2.5])
def test_the_ranks_of_a_percentile(level: float, shape: tuple[int, int], factor: float) -> None:
    for numbers in (np.random.default_rng(3).standard_normal(shape),
                    np.random.default_rng(4).standard_normal(shape).cumsum(0)):
        assert percentile_interval(numbers, factor, level) == pytest.approx(
            percentile(numbers, factor, level))
    assert percentile_interval(np.ones(shape), factor, level)[0] == 1


@pytest.mark.parametrize(("low", "high", "least", "verdict"), [
    (0.5, 0.9, True, "passed"), (0.4, 0.9, True, "not judged"), (0.4, 0.5, True, "not judged"),
    (0.4, 0.45, True, "failed"), (0.4, 0.5, False, "passed"), (0.5, 0.6, False, "not judged"),
    (0.4, 0.6, False, "not judged"), (0.55, 0.6, False, "failed")])
def test_which_side_of_the_limit_an_interval_lies_on(low: float, high: float, least: bool,
                                                     verdict: str) -> None:
    """A limit is what is still enough."""
    figure = Figure("it", 0.5, low, high, 0.5, least)
    assert figure.verdict == verdict and not figure.crossed
    assert Figure("it", 0.49, low, high, 0.5, least).crossed == least
    assert Figure("it", 0.51, low, high, 0.5, least).crossed != least
    assert Figure("it", 0.5, low, high, 0.5, least, certain=True).verdict == "passed"
    assert Figure("it", 0.49, low, high, 0.5, least, certain=True).verdict == (
        "failed" if least else "passed")
    words = f"it 50.00% (95 % interval {low:.2%} to {high:.2%}), at {'least' if least else 'most'}"
    assert figure.text == f"{words} 50.00% wanted"
    assert "to unknown)" in Figure("it", 0.5, low, math.inf, 0.5).text


def test_what_decides_comes_first() -> None:
    good, bad, open_ = (Figure(name, 0.5, low, high, 0.5, missing=missing) for name, low, high,
                        missing in (("a", 0.4, 0.5, 0), ("b", 0.6, 0.7, 0), ("c", 0.4, 0.6, 7)))
    for figures, still, verdict in (((good,), (), "passed"), ((good, open_), (), "not judged"),
                                    ((open_, bad), (), "failed"), ((good,), (2,), "failed")):
        found = Agreement(9, None, 0.0, 0.0, figures, still)
        assert found.verdict == verdict and found.missing == 7 * (open_ in figures)
    text = Agreement(9, None, 0.0, 0.0, (good, open_, bad), (2,)).text
    assert [part.split()[0] for part in text.split("; ")] == ["output", "b", "c", "a"]
    assert "output 2 is constant" in text
    crossed = Agreement(9, None, 0.0, 0.0, (good, Figure("d", 0.6, 0.1, 0.9, 0.5)), (2,))
    assert crossed.failing == ["output 2 is constant", "d is 60.00%, at most 50.00% is wanted"]


def shares(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum()


@pytest.mark.parametrize("sizes", [(4,), (2, 3), (3, 1, 2)])
@pytest.mark.parametrize("noise", [0.01, 0.3])
def test_choices_step_by_step(sizes: tuple[int, ...], noise: float) -> None:
    """Heads of several sizes: what is equal, what is as good as equal, and what is lost."""
    random = np.random.default_rng(len(sizes))
    cuts, steps = np.cumsum(sizes)[:-1], 300
    reference = random.standard_normal((steps, sum(sizes)))
    ours = reference + noise * random.standard_normal(reference.shape)
    usual = [np.mean([np.diff(np.sort(shares(part))[-2:])[0] if len(part) > 1 else 1
                      for part in np.split(reference, cuts, 1)[head]])
             for head in range(len(sizes))]
    same, lost, close, error = [], [], [], []
    for wanted, given in zip(reference, ours, strict=True):
        heads = [(shares(a), shares(b), mean) for a, b, mean in zip(
            np.split(wanted, cuts), np.split(given, cuts), usual, strict=True)]
        error += [abs(x - y) for a, b, _ in heads for x, y in zip(a, b, strict=True)]
        same.append(all(a.argmax() == b.argmax() for a, b, _ in heads))
        more = [(a, b, mean) for a, b, mean in heads if len(a) > 1]
        lost.append(max((a.max() - a[b.argmax()]) / mean for a, b, mean in more))
        close.append(min((np.sort(a)[-1] - np.sort(a)[-2]) / mean for a, b, mean in more))
    found = agreement_of(reference, ours, Discrete(sizes), Limits(agreement=0.9))
    assert found.share == pytest.approx(np.mean(same))
    assert found.mean_error == pytest.approx(np.mean(error))
    assert found.largest_error == pytest.approx(max(error))
    equal, margin = found.figures
    alike = np.array(same) | (np.array(lost) < 0.01)
    assert equal.value == alike.mean() and equal.limit == 0.9
    size = steps / max(geyer(alike), geyer(np.array(close) <= np.quantile(close, 0.05)))
    assert (equal.low, equal.high) == pytest.approx(share_interval(alike.mean(), size))
    assert margin.value == pytest.approx(np.mean(lost)) and margin.limit == pytest.approx(0.025)
    assert (margin.low, margin.high) == pytest.approx(mean_interval(np.array(lost)))


@pytest.mark.parametrize(("limit", "decides"), [(0.9, 1), (0.96, 1), (0.9801, 1e9)])
def test_how_many_steps_are_missing(limit: float, decides: float) -> None:
    """With so many more the interval decides, and with a tenth less it does not."""
    alike = np.arange(100) % 50 > 0
    reference = np.where(alike, 1.0, -1.0)[:, None] * [2.0, -2.0]
    ours = np.abs(reference[:, :1]) * [2.0, -2.0]
    figure = agreement_of(reference, ours, Discrete((2,)), Limits(agreement=limit)).figures[0]
    assert figure.value == 0.98 and (figure.missing > 0) == (figure.verdict == "not judged")
    size = len(alike) / geyer(alike)

    def judged(steps: float) -> bool:
        low, high = share_interval(0.98, size * steps / len(alike))
        return low >= limit or high < limit

    if figure.missing and decides < 2:
        assert judged(100 + figure.missing)
        assert not judged((100 + figure.missing) / 1.1 - 1)
    elif decides > 2:  # a thousand times as many is where looking ends
        assert 99_000 <= figure.missing + 100 <= 115_000
