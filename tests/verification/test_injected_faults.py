# SPDX-License-Identifier: MIT
"""Injected faults: each breaks one limit, by the least that there is too, and nothing else does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from puffer_edge.shield.shield import EARLY, LATE, NOT_FINITE, OLD, RANGE, STUCK
from puffer_edge.verification import exchanging
from puffer_edge.verification.faults import BEFORE, Kind, inject, judge, kinds, place, regular

MOST = float(np.finfo(np.float32).max)
TRIALS = 300
LOW, HIGH = (-3.0, -MOST, 0.0, -MOST), (3.0, MOST, MOST, 5.0)


def shield(**changed: Any) -> Any:
    guard = {"low": LOW, "high": HIGH, "varies": (0, 3, 0, 5), "watched": (1, 3), "max_age_us": 7}
    timing = {"early_us": 90, "late_us": 110, "deadline_us": 0}
    return SimpleNamespace(guard=SimpleNamespace(**{**guard, **{
        name: value for name, value in changed.items() if name in guard}}),
        timing=SimpleNamespace(**{**timing, **{
            name: value for name, value in changed.items() if name in timing}}))


def clean() -> Any:
    return np.random.default_rng(0).uniform(0.5, 2, (50, 4)).astype(np.float32)


def injected(kind: Kind) -> tuple[Any, Any, Any]:
    """Observations, times since the last step, and ages; [trials, steps, ...] each."""
    steps = inject(shield(), kind, clean(), TRIALS, np.random.default_rng(1))
    length = BEFORE + kind.within
    seen, now, measured, asked, reset = (getattr(steps, name) for name in vars(steps))
    assert reset.reshape(TRIALS, length)[:, 0].all() and reset.sum() == TRIALS
    np.testing.assert_array_equal(now, asked)
    periods = np.diff(now, prepend=0) % 2**32
    ages = (now - measured) % 2**32
    return (seen.reshape(TRIALS, length, 4), periods.reshape(TRIALS, length),
            ages.reshape(TRIALS, length))


def test_kinds() -> None:
    assert [(each.bit, each.within) for each in kinds(shield())] == [
        (NOT_FINITE, 1), (NOT_FINITE, 1), (RANGE, 1), (STUCK, 5), (OLD, 1), (LATE, 1), (EARLY, 1)]
    nothing = shield(low=(-MOST,) * 4, high=(MOST,) * 4, watched=(), max_age_us=0, early_us=0,
                     late_us=0)
    assert [each.bit for each in kinds(nothing)] == [NOT_FINITE, NOT_FINITE]
    for changed in ({"high": (3.0, MOST, MOST, MOST)}, {"low": (MOST, -MOST, 0.0, -MOST)}):
        some = kinds(shield(**{"low": (-MOST,) * 4, "high": (MOST,) * 4, **changed}))
        assert RANGE in [each.bit for each in some]
    assert [place(Kind("", 1 << i, 1)) for i in range(4)] == [0, 1, 2, 3]


@pytest.mark.parametrize("kind", kinds(shield()), ids=lambda kind: kind.name)
def test_each_breaks_its_limit_alone(kind: Kind) -> None:
    seen, periods, ages = injected(kind)
    within = ((seen >= np.float32(LOW)) & (seen <= np.float32(HIGH)))
    hit = {"finite": ~np.isfinite(seen).all(2), "range": np.isfinite(seen).all(2) & ~within.all(2),
           "old": ages > 7, "late": periods > 110, "early": periods < 90}
    mine = {"NaN": "finite", "infinity": "finite", "out of range": "range", "too old": "old",
            "late": "late", "early": "early"}.get(kind.name)
    for name, found in hit.items():
        expected = np.zeros(found.shape, bool)
        if name == mine:
            expected[:, BEFORE] = True
        found[0, 0] = False  # the first step of all has none before it
        np.testing.assert_array_equal(found, expected, name)
    # What is good reaches its limits, and lies between them.
    others = np.delete(periods.ravel()[1:], slice(BEFORE - 1, None, periods.shape[1]))
    assert (others.min(), others.max()) == (90, 110) and len(set(others)) > 10
    assert 0.45 < np.isin(others, (90, 110)).mean() < 0.65  # half of them, and by chance
    rest = np.delete(ages, BEFORE, 1)
    assert (rest.min(), rest.max()) == (0, 7) and len(np.unique(rest)) == 8
    spoilt = seen[:, BEFORE]
    if kind.name == "NaN":
        assert np.isnan(spoilt).sum() == TRIALS and np.isnan(spoilt).any(0).all()
        assert set(np.signbit(spoilt[np.isnan(spoilt)])) == {False, True}
    elif kind.name == "infinity":
        assert np.isinf(spoilt).sum() == TRIALS and np.isinf(spoilt).any(0).all()
        assert {np.inf, -np.inf} <= set(spoilt.ravel())
    elif kind.name == "out of range":
        for i, (low, high) in enumerate(zip(LOW, HIGH, strict=True)):
            for end, away in ((low, -MOST), (high, MOST)):
                column = spoilt[:, i]
                beyond = column[column < low] if away < 0 else column[column > high]
                if abs(end) == MOST:
                    assert not beyond.size
                    continue
                least = np.nextafter(np.float32(end), np.float32(away))
                assert {float(least), float(np.float32(away))} <= set(beyond.tolist())
                assert len(set(beyond.tolist())) > 5  # and any number
    elif kind.name == "too old":
        assert (ages[:, BEFORE].min(), ages[:, BEFORE].max()) == (8, 2**31)
        assert len(np.unique(ages[:, BEFORE])) > 50
    elif kind.name in ("late", "early"):
        found = periods[:, BEFORE]
        assert (found.min() if kind.name == "late" else found.max()) == {
            "late": 111, "early": 89}[kind.name]
        assert len(np.unique(found)) > 20 and (kind.name == "late" or found.min() < 5)
    elif kind.name == "stuck":
        same = (seen[:, BEFORE:] == seen[:, BEFORE - 1 : BEFORE]).all(1)
        assert (same.sum(1) == 1).all() and same.any(0).tolist() == [False, True, False, True]


def test_times_without_limits() -> None:
    random = np.random.default_rng(2)
    assert regular(shield(late_us=0, early_us=0), 3, random).tolist() == [20000] * 3
    assert regular(shield(late_us=0, early_us=30000), 2, random).tolist() == [30000] * 2


def test_short_recordings_are_repeated() -> None:
    steps = inject(shield(), Kind("stuck", STUCK, 5), clean()[:4], 3, np.random.default_rng(3))
    seen = steps.observations.reshape(3, BEFORE + 5, 4)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(seen[:, :BEFORE], np.stack([clean()[:BEFORE]] * 3))
    np.testing.assert_array_equal(seen[:, 4, 0], [clean()[0, 0]] * 3)


def test_what_was_found_in_time() -> None:
    """By the bit or by the counter, in the steps that it may take."""
    kind = Kind("stuck", STUCK, 2)
    length = BEFORE + 2
    bits, counts = [0] * 4 * length, [0] * 4 * length
    bits[BEFORE] = STUCK | RANGE  # at once
    counts[length + BEFORE + 1] = 1  # in the second step, told by the counter
    bits[2 * length + BEFORE - 1] = STUCK  # before the fault: no answer to it
    bits[2 * length + BEFORE] = RANGE  # another kind
    found = judge(kind, bits, counts)
    assert (found.trials, found.found, found.slowest) == (4, 2, 2)
    assert judge(kind, [0] * length, [0] * length).slowest == 0


def test_pairs_in_words() -> None:
    found = [exchanging.Pair((0, 1), 0.5, 9), exchanging.Pair((0, 2), 0.49, 30),
             exchanging.Pair((1, 2), 1.0, 4)]
    assert exchanging.in_words(found) == (
        "2 of 3 pairs of exchanged elements are told, in the middle within 9 steps; "
        "not to be told apart: 0 and 2")
    assert "apart" not in exchanging.in_words(found[:1])
    assert exchanging.in_words([]).startswith("0 of 0 pairs")
    assert exchanging.plain(found)[1] == {"elements": [0, 2], "rate": 0.49, "delay": 30,
                                          "told": False}


def test_pairs_from_where_they_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores of 3 are above a threshold of 8 in the third step; a reset forgets all."""
    monkeypatch.setattr(exchanging, "_novelty", lambda program, recording: recording.observations)
    monkeypatch.setattr(exchanging, "step_scores", lambda rows: rows[:, 0].astype(int))
    line: Any = SimpleNamespace(allowance=0, threshold=8)
    seen = np.zeros((20, 2), np.float32)
    seen[:, 1] = 3  # exchanged, it is the first
    recording: Any = SimpleNamespace(observations=seen, reset=np.arange(20) == 12)
    program: Any = None
    monkeypatch.setattr(exchanging, "Recording", lambda x, r: SimpleNamespace(
        observations=x, reset=r))
    found = exchanging._pair(program, line, recording, (0, 1), [0, 10, 18])
    assert (found.rate, found.delay, found.elements) == (2 / 3, 4, (0, 1))  # 3 and 5
    wide: Any = SimpleNamespace(observations=np.zeros((20, 13)), reset=np.zeros(20, bool))
    listed = [pair.elements for pair in exchanging.pairs(program, line, wide, beginnings=2)]
    assert len(listed) == len(set(listed)) == 66 and listed[0] == (0, 1) and (11, 12) in listed
    assert all(a < b for a, b in listed)
    narrow: Any = SimpleNamespace(observations=np.zeros((20, 1)), reset=np.zeros(20, bool))
    assert exchanging.pairs(program, line, narrow) == []
    starts: list[Any] = []
    monkeypatch.setattr(exchanging, "_pair", lambda *given: starts.extend(given[-1]))
    long: Any = SimpleNamespace(observations=np.zeros((203, 2)), reset=np.zeros(203, bool))
    exchanging.pairs(program, line, long)
    assert len(starts) == 100 and set(starts) == {0, 1, 2}  # whole windows of 200 steps
