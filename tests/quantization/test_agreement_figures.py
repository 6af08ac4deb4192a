# SPDX-License-Identifier: MIT
"""Figures of agreement over a few steps, each worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from puffer_edge.ir import Continuous, Discrete, Hybrid
from puffer_edge.quantization.agreement import (
    Limits,
    act,
    agreement_of,
    agreement_of_choices,
    dequantized,
    deviation,
    measure_of,
)

INFINITE = math.inf


@pytest.mark.parametrize(("low", "high", "rows", "expected"), [
    ((), (), [[1, 0], [3, 0], [1, 0], [3, 0]], [1, 0.01]),  # the other is always 0: of a span of 1
    ((), (), [[1, -8], [3, -8]], [1, 0.08]),  # always -8: a hundredth of its magnitude
    ((-1, -5), (1, 5), [[0.5, 0], [0.5, 0]], [0.02, 0.1]),  # a hundredth of the bounds
    ((-1, -INFINITE), (1, INFINITE), [[0.5, 4], [0.5, 4]], [0.02, 0.04]),
    ((), (), [[0, 0], [0, 1e3]], [0.01, 500]),
])
def test_errors_are_measured_by_what_the_policy_does(
        low: tuple[float, ...], high: tuple[float, ...], rows: list[list[float]],
        expected: list[float]) -> None:
    action = Continuous(2, low=low, high=high)
    assert deviation(np.float32(rows), action) == pytest.approx(expected)


def test_the_errors_of_a_continuous_action() -> None:
    """Ten steps of deviation 1, of which one is off by 0.3 in one of two elements."""
    action = Continuous(2)
    reference = np.array([[(-1) ** t, 2 * (-1) ** t] for t in range(10)], np.float64)
    ours = reference.copy()
    ours[4, 1] += 0.6
    found = agreement_of(reference, ours, action, Limits(mean=0.02, tail=0.2))
    assert (found.steps, found.share, found.still) == (10, None, ())
    assert found.mean_error == pytest.approx(0.3 / 20)
    assert found.largest_error == pytest.approx(0.3)
    mean, tail, worst = found.figures
    assert (mean.value, mean.limit) == (pytest.approx(0.015), 0.02)
    assert tail.limit == 0.2
    assert tail.value == pytest.approx(np.quantile([0.0] * 19 + [0.3], 0.99))
    assert "element 1, the largest" in worst.name and worst.value == pytest.approx(0.03)
    assert [figure.crossed for figure in found.figures] == [False, True, False]
    assert len(found.failing) == 1 and "percentile" in found.failing[0]
    twice = agreement_of(reference, ours, action, Limits(), measure=np.array([2.0, 4.0]))
    assert twice.mean_error == pytest.approx(found.mean_error / 2)
    one = agreement_of(reference[:, :1], ours[:, :1], Continuous(1), Limits())
    assert len(one.figures) == 2 and one.mean_error == 0


@pytest.mark.parametrize(("spread", "still"), [(0.21, (1,)), (0.19, ()), (-1.0, ())])
def test_an_output_that_should_change_and_does_not(spread: float, still: tuple[int, ...]) -> None:
    """Two steps of an output's scale, 0.1, may be lost."""
    reference = np.array([[(-1) ** t, spread * (-1) ** t] for t in range(20)], np.float64)
    ours = reference * ([1.0, 0.0] if spread > 0 else [1.0, 1.0])
    found = agreement_of(reference, ours, Continuous(2), step=0.1)
    assert found.still == still
    assert (found.verdict == "failed") or not still
    assert agreement_of(reference, ours, Continuous(2)).still == ()  # not in integers


def _likely(*logits: float) -> np.ndarray:
    powers = np.array([math.exp(value) for value in logits])
    return powers / powers.sum()


def test_choices_of_two_heads_and_one_that_is_none() -> None:
    """Four steps; in one the second head changes, for a choice that was almost as good."""
    action = Discrete((2, 3, 1))
    rows = [[2.0, 0.0, 1.0, 0.0, -1.0, 5.0]] * 4
    reference, ours = np.array(rows), np.array(rows)
    ours[2, 2:5] = [0.0, 1.0, -1.0]
    found = agreement_of(reference, ours, action, Limits(agreement=0.5))
    first, second = _likely(2, 0), _likely(1, 0, -1)
    assert found.share == 0.75 and found.steps == 4
    swapped = abs(second[0] - second[1])
    assert found.largest_error == pytest.approx(swapped)
    assert found.mean_error == pytest.approx(2 * swapped / (4 * 6))
    equal, lost = found.figures
    assert (equal.value, equal.limit, equal.least) == (0.75, 0.5, True)
    # All of the head's mean margin, in one step of four.
    assert lost.value == pytest.approx(0.25) and lost.limit == pytest.approx(0.25 * 0.5)
    assert lost.crossed and not equal.crossed
    assert first[0] > 0.5
    tie = np.array([[1.0, 1.0 - 1e-6], [3.0, 0.0], [0.0, 3.0], [2.0, 0.0]])
    turned = tie.copy()
    turned[0] = tie[0, ::-1]
    close = agreement_of(tie, turned, Discrete((2,)))
    assert close.share == 0.75 and close.figures[0].value == 1.0
    assert agreement_of(tie, turned, Discrete((2,)), Limits(agreement=0)).figures[1].limit == (
        INFINITE)


def test_a_hybrid_has_both() -> None:
    action = Hybrid(Continuous(2), Discrete((3,)))
    reference = np.array([[(-1) ** t, t % 3, 1, 0, -1] for t in range(12)], np.float64)
    ours = reference.copy()
    ours[5, 0] += 0.5
    ours[6, 2:] = [0, 1, -1]
    ours[:, 4] = reference[:, 4] = np.arange(12) / 100 - 1
    found = agreement_of(reference, ours, action, step=(0.5, 0.001))
    moving = agreement_of(reference[:, :2], ours[:, :2], action.continuous, step=0.5)
    choosing = agreement_of(reference[:, 2:], ours[:, 2:], action.discrete, step=0.001)
    assert found.figures == moving.figures + choosing.figures
    assert found.share == choosing.share == pytest.approx(11 / 12)
    assert found.mean_error == max(moving.mean_error, choosing.mean_error)
    assert found.largest_error == max(moving.largest_error, choosing.largest_error)
    ours[:, 4] = -1
    assert agreement_of(reference, ours, action, step=(0.5, 0.001)).still == (4,)
    measure = measure_of(action, reference[:6], reference[6:])
    assert measure == pytest.approx(reference[:, :2].std(0))
    assert measure_of(action.discrete, reference) is None


def test_choices_alone() -> None:
    alike = np.array([True] * 30 + [False] + [True] * 9)
    found = agreement_of_choices(alike, Limits(agreement=0.9))
    assert (found.steps, found.share, found.largest_error) == (40, 0.975, 1.0)
    assert found.mean_error == pytest.approx(0.025)
    assert found.figures[0].value == 0.975 and found.figures[0].limit == 0.9
    assert agreement_of_choices(alike[:20], Limits()).largest_error == 0.0


def test_integers_as_numbers() -> None:
    found = dequantized(np.int8([-128, 3, 10]), 0.5, 3, -128)
    assert found.tolist() == [float(np.finfo(np.float32).min), 0.0, 3.5]


def test_actions_after_their_bounds() -> None:
    action = Continuous(1, low=(-1.0,), high=(1.0,))
    assert act(action, np.array([[3.0], [0.25]])).ravel().tolist() == [1.0, 0.25]


@pytest.mark.parametrize(("schemes", "given", "mean", "tail"), [
    ((), None, 0.01, 0.05), (("int8", "int16"), None, 0.04, 0.15), (("float32",), None, 0.01, 0.05),
    (("int8",), 0.08, 0.08, 0.3), (("int16",), 0.005, 0.005, 0.025)])
def test_the_widest_limits_of_any_layer(schemes: tuple[str, ...], given: float | None,
                                        mean: float, tail: float) -> None:
    limits = Limits.of(schemes, 0.9, given)
    assert (limits.agreement, limits.mean, limits.tail) == (
        0.9, pytest.approx(mean), pytest.approx(tail))
