# SPDX-License-Identifier: MIT
"""The judge: what passes, what fails, and when a recording is too short to tell."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.ir import Continuous, Discrete
from puffer_edge.quantization.agreement import Limits, act, agreement_of, deviation

STEPS = 4000


def signals(steps: int = STEPS, size: int = 3) -> np.ndarray:
    """Raw outputs that move as a policy's do."""
    random = np.random.default_rng(0)
    phase = random.uniform(0, 6, size)
    return np.sin(0.1 * np.arange(steps)[:, None] + phase) + 0.3 * random.standard_normal(
        (steps, size))


def noisy(raw: np.ndarray, share: float) -> np.ndarray:
    """With errors whose mean is a share of the deviation: a normal one's is sqrt(2 / pi)."""
    size = share * raw.std(0) / np.sqrt(2 / np.pi)
    return raw + size * np.random.default_rng(1).standard_normal(raw.shape)


@pytest.mark.parametrize(("scheme", "share", "verdict"), [
    ("int8", 0.03, "passed"), ("int8", 0.05, "failed"), ("int16", 0.005, "passed"),
    ("int16", 0.015, "failed"), ("int8x16", 0.015, "failed")])
def test_the_mean_error_has_a_limit_by_scheme(scheme: str, share: float, verdict: str) -> None:
    raw = signals()
    found = agreement_of(raw, noisy(raw, share), Continuous(3), Limits.of([scheme]))
    assert found.verdict == verdict
    assert found.mean_error == pytest.approx(share, rel=0.05)


def test_rare_large_errors_are_seen_in_the_99th_percentile() -> None:
    """Two steps of a hundred are off by a deviation: the mean says nothing."""
    raw = signals()
    ours = noisy(raw, 0.01)
    ours[::50] += raw.std(0)
    found = agreement_of(raw, ours, Continuous(3), Limits.of(["int8"]))
    assert found.mean_error < 0.04 and found.verdict == "failed"
    assert "99th percentile" in found.text.split(";")[0]


def test_one_dead_element_of_many_is_seen() -> None:
    """Of 120 elements one is missing: neither the mean nor the percentile over all can see it."""
    raw = signals(size=120)
    ours = noisy(raw, 0.005)
    ours[:, 77] = raw[:, 77].mean()
    found = agreement_of(raw, ours, Continuous(120), Limits.of(["int8"]))
    assert found.verdict == "failed" and "element 77" in found.text.split(";")[0]


def test_an_output_that_should_move_and_does_not() -> None:
    raw = signals()
    ours = raw.copy()
    ours[:, 1] = 0
    assert agreement_of(raw, ours, Continuous(3), Limits(0, 9, 9), step=0.01).still == (1,)
    assert agreement_of(raw, ours, Continuous(3), Limits(0, 9, 9), step=1.0).still == ()


def test_errors_beyond_the_bounds_cost_nothing() -> None:
    """What is compared are actions."""
    raw = 5 + np.abs(signals())
    action = Continuous(3, low=(-1.0,) * 3, high=(1.0,) * 3)
    assert agreement_of(raw, 2 * raw, action).verdict == "passed"
    assert agreement_of(raw, -raw, action).verdict == "failed"


def test_deviation_has_a_floor() -> None:
    """One hundredth of the bounds, of what was seen without them, or of what never changes."""
    actions = np.zeros((100, 2)) + np.array([0.0, 5.0])
    actions[0, 0] = 1e-6
    bounded = Continuous(2, low=(-2.0,) * 2, high=(2.0,) * 2)
    assert deviation(actions, bounded) == pytest.approx(0.04)
    assert deviation(actions, Continuous(2)) == pytest.approx([1e-7, 0.05], rel=0.1)


def test_the_widest_tolerance_of_any_layer() -> None:
    assert Limits.of(["int16", "int8"]) == Limits.of(["int8"])
    assert Limits.of(["int16", "int8x16"]) == Limits.of(["int16"])
    assert Limits.of(["int8"], max_error=0.08).tail == pytest.approx(0.3)


def test_a_recording_that_is_too_short_is_not_judged() -> None:
    """And what it lacks is enough, as the same policy over so many steps more shows."""
    raw = signals(100)
    found = agreement_of(raw, noisy(raw, 0.01), Continuous(3), Limits.of(["int8"]))
    assert found.verdict == "not judged" and 20 < found.missing < 2000
    raw = signals(100 + 2 * found.missing)
    found = agreement_of(raw, noisy(raw, 0.01), Continuous(3), Limits.of(["int8"]))
    assert found.verdict == "passed"


def logits(steps: int = STEPS) -> np.ndarray:
    return 2 * signals(steps, 4)


def test_choices_need_enough_steps() -> None:
    short, long = logits(50), logits()
    assert agreement_of(short, short, Discrete((4,))).verdict == "not judged"
    assert agreement_of(long, long, Discrete((4,))).verdict == "passed"
    assert agreement_of(short, -short, Discrete((4,))).verdict == "failed"
    assert agreement_of(short, short, Discrete((4,)), Limits(agreement=1)).verdict == "passed"


def test_a_changed_choice_costs_its_margin() -> None:
    """Two steps of a hundred: near ties they pass, where the policy is sure they fail."""
    raw = logits()
    best, order = np.sort(raw, 1), np.argsort(raw, 1)
    margin = best[:, -1] - best[:, -2]
    for steps, verdict in ((np.argsort(margin)[: STEPS // 50], "passed"),
                           (np.argsort(margin)[-STEPS // 50 :], "failed")):
        ours = raw.copy()
        ours[steps, order[steps, -2]] = best[steps, -1] + 1
        found = agreement_of(raw, ours, Discrete((4,)))
        assert found.verdict == verdict
        assert found.share == pytest.approx(0.98)


def test_ties_cost_nothing() -> None:
    raw = logits()
    order = np.argsort(raw, 1)
    rows = np.arange(STEPS)
    raw[rows[::2], order[::2, -2]] = raw[rows[::2], order[::2, -1]] - 1e-6
    ours = raw.copy()
    ours[rows[::2], order[::2, -2]] += 2e-6
    found = agreement_of(raw, ours, Discrete((4,)))
    assert found.share == 0.5 and found.verdict == "passed"


def test_actions_are_squashed_and_bounded() -> None:
    action = Continuous(2, squash=True, low=(-3.0, 0.0), high=(3.0, 1.0), rescale=True)
    raw = np.array([[0.5, -40.0]])
    assert act(action, raw)[0] == pytest.approx([3 * np.tanh(0.5), 0.0], abs=1e-6)
