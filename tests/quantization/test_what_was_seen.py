# SPDX-License-Identifier: MIT
"""Recordings, and the ranges that are made of them: each figure as numpy gives it, each edge."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.errors import UsageError
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Binary, Gemm, Unary
from puffer_edge.quantization.calibration import Calibration, calibrate
from puffer_edge.quantization.describing import BINS, _histogram
from puffer_edge.quantization.observers import FRACTIONS, OBSERVERS
from puffer_edge.quantization.recording import Recording, record
from tests import zoo


def layer(width: int = 3, outputs: int = 2) -> Program:
    bench = zoo.Bench((1, width))
    return bench.program(bench.op(Gemm, x=bench.x, weight=bench.weight(outputs, width),
                                  bias=bench.weight(outputs)))


def test_what_is_calibrated_is_what_numpy_gives() -> None:
    program = layer()
    x = np.random.default_rng(0).standard_normal((16, 3)).astype(np.float32)
    found = calibrate(program, x, np.arange(16) == 0)
    (op,) = program.ops
    y = x @ program.constants[op.weight].T + program.constants[op.bias]
    assert found.steps == 16 and set(found.low) == {program.input, op.y}
    for name, rows in ((program.input, x), (op.y, y)):
        assert np.allclose(found.samples[name], rows, atol=1e-6)
        assert np.allclose(found.low[name], rows.min(0), atol=1e-6)
        assert np.allclose(found.high[name], rows.max(0), atol=1e-6)


def test_a_state_begins_again_with_its_episode() -> None:
    """It counts the steps: to 9 of 16, where the eighth step is the first of another episode."""
    bench = zoo.Bench((1, 1))
    state = bench.builder.state("count", (1, 1))
    one = bench.builder.constant(np.ones((1, 1), np.float32))
    bench.builder.carry(state, y := bench.op(Binary, a=state, b=one, function="add"))
    program = bench.program(bench.op(Binary, a=y, b=bench.x, function="mul"))
    found = calibrate(program, np.ones((16, 1)), np.arange(16) % 7 == 0)
    assert found.samples[y].ravel().tolist() == [t % 7 + 1 for t in range(16)]
    assert (found.low["count"].item(), found.high["count"].item()) == (0, 6)


@pytest.mark.parametrize("steps", [15, 16])
def test_so_many_steps_say_something(steps: int) -> None:
    x = np.random.default_rng(0).standard_normal((steps, 3))
    if steps < 16:
        with pytest.raises(UsageError, match="15 steps are too few"):
            calibrate(layer(), x, np.arange(steps) == 0)
    else:
        assert calibrate(layer(), x, np.arange(steps) == 0).steps == steps


@pytest.mark.parametrize("shape", [(16, 2), (16, 4), (48,), (16, 3, 1)])
def test_observations_of_another_size_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="does not fit"):
        calibrate(layer(), np.zeros(shape), np.arange(16) == 0)


@pytest.mark.parametrize(("width", "kept"), [(4096, True), (4097, False)])
def test_large_values_leave_their_range_alone(width: int, kept: bool) -> None:
    bench = zoo.Bench((1, width))
    program = bench.program(bench.op(Unary, x=bench.x, function=Activation("tanh")))
    x = np.random.default_rng(0).standard_normal((16, width))
    found = calibrate(program, x, np.arange(16) == 0)
    assert (program.input in found.samples) == kept
    wide = found.bounds(program.input)
    assert wide == pytest.approx((1.25 * np.float32(x).min(), 1.25 * np.float32(x).max()))


@pytest.mark.parametrize(("largest", "refused"), [(1000.0, False), (1001.0, True)])
@pytest.mark.parametrize("sign", [1, -1])
def test_an_outlier_is_a_thousand_times_the_others(largest: float, refused: bool, sign: int
                                                   ) -> None:
    x = np.tile([1.0, 0.0, -1.0], (200, 1))
    x[:, 1] = np.arange(200) == 7  # a flag that is set once is none
    x[17, 2] = sign * largest
    if refused:
        with pytest.raises(UsageError, match=f"feature 2 is {sign * 1001} at step 17 .* most 1 in"):
            calibrate(layer(), x, np.arange(200) == 0)
    else:
        calibrate(layer(), x, np.arange(200) == 0)
    calibrate(layer(), x, np.arange(200) == 0, "percentile")


@pytest.mark.parametrize(("low", "high", "bottom", "top"), [
    (-1, 1, -3, 3),  # three times as much around the middle
    (0, 1, -1.5, 2.5),  # twice its magnitude to either side of the middle
    (2, 4, -5, 11),  # twice 4 is what eight times the half of 2 allows
    (100, 102, 93, 109),  # eight times half of what it changed
    (-102, -100, -109, -93),
    (5, 5, -5, 15), (-5, -5, -15, 5),  # it never changed
    (0, 0, -1, 1)])
def test_the_room_that_a_feature_has(low: float, high: float, bottom: float, top: float) -> None:
    sides = (np.float32([[low, -1]]), np.float32([[high, 1]]))
    found = Calibration({"x": sides[0]}, {"x": sides[1]}, 16).features("x")
    assert np.allclose(found, [[bottom, -3], [top, 3]])


def test_a_percentile_leaves_out_one_step_in_a_hundred() -> None:
    rows = np.arange(1001, dtype=np.float32)[:, None]
    found = Calibration({"x": rows[:1]}, {"x": rows[-1:]}, 1001, {"x": rows}, "percentile")
    low, high = found.features("x")  # of 10 to 990: the half is 490, the magnitude 990
    assert (low.item(), high.item()) == pytest.approx((500 - 1980, 500 + 1980))


@pytest.mark.parametrize("seed", range(4))
def test_observers_one_by_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    seen = (random.standard_t(2, (400, 3)) + seed - 1).astype(np.float32)
    assert OBSERVERS["minmax"](seen) == pytest.approx((1.25 * seen.min(), 1.25 * seen.max()))
    numbers = np.sort(seen.ravel())
    for end, part in zip(OBSERVERS["percentile"](seen), (0.0001, 0.9999), strict=True):
        place = part * (numbers.size - 1)
        lower = int(place)
        wanted = numbers[lower] + (place - lower) * (numbers[lower + 1] - numbers[lower])
        assert end == pytest.approx(wanted, rel=1e-5)
    low, high = min(seen.min(), 0.0), max(seen.max(), 0.0)
    errors = []
    for fraction in FRACTIONS:
        step = fraction * (high - low) / 255
        ends = (np.floor(fraction * end / step + 0.5) for end in (low, high))
        kept = np.clip(np.floor(seen / step + 0.5), *ends) * step
        errors.append(float(((kept - seen) ** 2).mean()))
    best = FRACTIONS[int(np.argmin(errors))]
    assert OBSERVERS["mse"](seen) == pytest.approx((best * low, best * high))
    assert FRACTIONS[0] < 0.5 and FRACTIONS[-1] == 1.25 and np.allclose(
        np.diff(FRACTIONS), 0.025)


def test_an_observer_of_what_never_changes() -> None:
    for name, observer in OBSERVERS.items():
        assert observer(np.zeros((20, 2))) == (0, 0), name
        low, high = observer(np.full((20, 2), 3.0))
        assert min(low, 0) == 0 and high == pytest.approx(3, rel=0.3), name


@pytest.mark.parametrize("seed", range(3))
def test_histograms_are_those_of_numpy(seed: int) -> None:
    seen = np.random.default_rng(seed).standard_normal((50, 4))
    assert BINS == 16
    assert _histogram(seen) == np.histogram(seen, 16, (seen.min(), seen.max()))[0].tolist()
    assert _histogram(np.array([[0.0, 8.0, 16.0]])) == [1, *[0] * 7, 1, *[0] * 6, 1]
    assert _histogram(np.full((5, 2), 3.0)) == [10, *[0] * 15]
    assert sum(_histogram(np.float32([1e-45, 0.0]))) == 2


def test_halves_of_a_recording() -> None:
    rows = np.arange(14, dtype=np.float32).reshape(7, 2)
    first, second = Recording(rows, np.array([1, 0, 1, 0, 0, 0, 1], bool)).halves()
    assert np.array_equal(np.concatenate([first.observations, second.observations]), rows)
    assert first.reset.tolist() == [True, False, True]
    assert second.reset.tolist() == [True, False, False, True]


@pytest.mark.parametrize(("shape", "flags"), [((4,), 4), ((4, 3), 3), ((4, 3, 1), 4)])
def test_what_is_no_recording(shape: tuple[int, ...], flags: int) -> None:
    with pytest.raises(UsageError, match="are no recording"):
        Recording(np.zeros(shape, np.float32), np.zeros(flags, bool))


@pytest.mark.parametrize("steps", [1, 2])
def test_a_recording_is_of_two_steps_at_least(steps: int) -> None:
    given = Recording(np.zeros((steps, 3), np.float32), np.arange(steps) == 0)
    if steps == 2:
        assert record(given, layer()) is given
    else:
        with pytest.raises(UsageError, match="1 steps are too few"):
            record(given, layer())


def test_made_up_steps() -> None:
    found = record("bounds:-1,0,2:1,5,3", layer(), seed=3)
    assert found.observations.shape == (1000, 3) and "guesses" in found.warning
    assert np.flatnonzero(found.reset).tolist() == list(range(0, 1000, 100))
    ends = found.observations.min(0), found.observations.max(0)
    assert np.allclose(ends, [[-1, 0, 2], [1, 5, 3]], atol=0.05)
    assert np.all(ends[0] >= [-1, 0, 2]) and np.all(ends[1] <= [1, 5, 3])
    with pytest.raises(UsageError, match="LOW is not below HIGH"):
        record("bounds:0,0,1:1,1,1", layer())
