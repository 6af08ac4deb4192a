# SPDX-License-Identifier: MIT
"""From numbers to ranges: what each observer keeps, and what it cuts off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import puffer_edge
from puffer_edge.artefact.directory import read_manifest
from puffer_edge.errors import UsageError
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.observers import OBSERVERS, minmax, mse, percentile
from puffer_edge.quantization.recording import record
from tests.quantization.test_quantize import LSTM, mlp


def squared_error(seen: np.ndarray, low: float, high: float) -> float:
    step = (high - low) / 255
    return float(((np.clip(np.round(seen / step) * step, low, high) - seen) ** 2).mean())


@given(st.integers(0, 1000))
def test_mse_is_no_worse_than_minmax(seed: int) -> None:
    seen = np.random.default_rng(seed).standard_t(2, 2000)  # heavy tails
    # Rounding of the ends to whole steps may differ: by a tenth of the error at most.
    assert squared_error(seen, *mse(seen)) <= 1.1 * squared_error(seen, *minmax(seen))


def test_mse_cuts_off_a_lonely_tail_and_percentile_too() -> None:
    seen = np.concatenate([np.random.default_rng(0).standard_normal(100_000), [40.0]])
    assert minmax(seen)[1] == 50
    assert mse(seen)[1] < 40 and percentile(seen)[1] < 6


@pytest.mark.parametrize("observer", OBSERVERS)
def test_zero_is_always_inside(observer: str) -> None:
    program = optimize(mlp(1, 0.5, (3, 4, 2), "relu"), fuse=False)
    observations = 5 + np.random.default_rng(0).random((50, 3))
    found = calibrate(program, observations, np.arange(50) == 0, observer)
    for name in found.samples:
        low, high = found.bounds(name)
        assert low <= 0 <= high


def test_an_outlier_is_refused_and_named() -> None:
    program = optimize(mlp(1, 0.5, (3, 4, 2), "relu"), fuse=False)
    observations = np.random.default_rng(0).standard_normal((200, 3))
    observations[17, 2] = 1e9
    with pytest.raises(UsageError, match=r"feature 2 is 1e\+09 at step 17"):
        calibrate(program, observations, np.arange(200) == 0)
    with pytest.raises(UsageError, match="feature 2"):
        calibrate(program, observations, np.arange(200) == 0, "mse")
    low, high = calibrate(program, observations, np.arange(200) == 0, "percentile").features(
        program.input)
    assert np.all(high < 10) and np.all(low > -10)


def test_flags_that_are_rarely_set_are_no_outliers() -> None:
    program = optimize(mlp(1, 0.5, (2, 4, 2), "relu"), fuse=False)
    observations = np.zeros((200, 2))
    observations[5, 0] = 1e6
    observations[::50, 1] = 1
    calibrate(program, observations, np.arange(200) == 0)


def test_bounds_are_a_loud_guess(tmp_path: Path) -> None:
    out = puffer_edge.export(LSTM, tmp_path / "a", scheme="int16", calibrate="bounds:-2,-0.2:2,0.2")
    warnings = [note["text"] for note in read_manifest(out)["notes"] if note["kind"] == "warning"]
    assert any("ranges are guesses" in text for text in warnings)
    seen = record("bounds:-2,-0.2:2,0.2", puffer_edge.load(LSTM)).observations
    assert np.all(np.abs(seen) <= [2, 0.2]) and np.abs(seen).max(0) == pytest.approx([2, 0.2], 0.05)


@pytest.mark.parametrize("bounds", ["", "1", "1:0", "a:b", "0:inf", "0,1,2:3,4,5", "0:1:2"])
def test_bad_bounds_are_usage_errors(bounds: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="bounds"):
        puffer_edge.export(LSTM, tmp_path / "a", scheme="int8", calibrate=f"bounds:{bounds}")


def test_unknown_observers_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="observer"):
        puffer_edge.export(LSTM, tmp_path / "a", scheme="int8", calibrate="bounds:-1:1",
                           observer="median")
