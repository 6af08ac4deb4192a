# SPDX-License-Identifier: MIT
"""Factors, shifts, matrices and scales in integers: in range, near, and with no bit to spare."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.ir import Activation, Quantization
from puffer_edge.ir.ops import Gemm, Unary
from puffer_edge.ir.requantization import LARGEST_SUM, LIMIT
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.flatness import flat_beyond
from puffer_edge.quantization.gptq import Rounding
from puffer_edge.quantization.integer_input import _limits, _multiplier
from puffer_edge.quantization.linear import prove, rows_of, table_points
from puffer_edge.quantization.ranges import Ranges
from puffer_edge.quantization.rules.binary import in_units, product
from puffer_edge.quantization.rules.gru_cell import _reset_bits
from puffer_edge.quantization.schemes import SCHEMES
from tests import zoo

QPARAMS = [Quantization(0.5, 0, -127, 127), Quantization(0.013, -128, -128, 127),
           Quantization(3e-4, 0, -32768, 32767), Quantization(7.0, 5, 0, 32767),
           Quantization(1e-6, 0, 0, 1)]


def reach_of(factor: int, bias: int, shift: int, low: int, high: int) -> int:
    """Largest magnitude of anything on the way to ``(x * factor + bias) >> shift``."""
    ends = [x * factor for x in (low, high)]
    return max(abs(end + more) for end in ends for more in (0, bias))


@pytest.mark.parametrize("qparams", QPARAMS)
@pytest.mark.parametrize("part", [2.0**-20, 0.9 * 2.0**-9, 2.0**-3])
@pytest.mark.parametrize("sign", [1, -1])
def test_operands_in_a_common_unit(qparams: Quantization, part: float, sign: int) -> None:
    """Within half a unit and what a factor of so many bits is off; one bit more would not fit."""
    unit = qparams.scale * max(qparams.high - qparams.zero_point,
                               qparams.zero_point - qparams.low) * part
    found = in_units(qparams, unit, sign)
    factor, bias, shift = found.row
    assert found.largest == qparams.largest == max(-qparams.low, qparams.high)
    assert reach_of(factor, bias, shift, qparams.low, qparams.high) <= LIMIT
    for x in (qparams.low, qparams.zero_point, qparams.high):
        exact = sign * Fraction(x - qparams.zero_point) * Fraction(qparams.scale) / Fraction(unit)
        got = (x * factor + bias) >> shift
        off = abs(x - qparams.zero_point) * Fraction(1, 2 ** (shift + 1))
        assert abs(got - exact) <= Fraction(1, 2) + off and abs(got) <= found.reach
    if shift < 30:
        more = round(qparams.scale / unit * 2 ** (shift + 1))
        size = qparams.largest + abs(qparams.zero_point)
        assert more * size + 2**shift > LIMIT


@pytest.mark.parametrize("a", QPARAMS)
@pytest.mark.parametrize("b", QPARAMS)
@pytest.mark.parametrize("count", [1, 40])
def test_operands_of_a_product(a: Quantization, b: Quantization, count: int) -> None:
    (first, second), unit = product(a, b, count)
    assert unit == pytest.approx(a.scale * b.scale * 2.0 ** (first.shift + second.shift))
    for qparams, found in ((a, first), (b, second)):
        assert found.factor == 1
        for x in (qparams.low, qparams.high, qparams.zero_point):
            got, exact = (x + found.bias) >> found.shift, Fraction(x - qparams.zero_point,
                                                                   2**found.shift)
            assert abs(got - exact) <= Fraction(1, 2) and abs(got) <= found.reach
    assert count * first.reach * second.reach <= LARGEST_SUM
    if first.shift or second.shift:  # with one bit more of the one that lost it there is no room
        sizes = [max(q.high - q.zero_point, q.zero_point - q.low) for q in (a, b)]
        finer = min((sizes[0] >> max(first.shift - 1, 0)) * (sizes[1] >> second.shift),
                    (sizes[0] >> first.shift) * (sizes[1] >> max(second.shift - 1, 0)))
        assert count * finer * 1.01 > LARGEST_SUM / 2


def test_too_many_products_have_no_room() -> None:
    wide = Quantization(1.0, 0, -32767, 32767)
    product(wide, wide, 2**26)
    with pytest.raises(UnsupportedError, match="does not fit 31 bits"):
        product(wide, wide, 2**30)


@pytest.mark.parametrize("ratio", [1.0, -1.0, 3e-4, 0.017, 123.4, -0.25])
@pytest.mark.parametrize("start", [0.0, -128.0, 3000.5])
@pytest.mark.parametrize("middle", [0.0, 100.0, -30000.0])
def test_counts_are_rescaled(ratio: float, start: float, middle: float) -> None:
    """Every int16 stays in 31 bits; what the multiplier is off by is made up for at the middle."""
    multiplier, bias, shift = _multiplier(ratio, start, middle)
    assert 2**15 * abs(multiplier) + abs(bias) <= LIMIT
    there = min(max((middle - start) / ratio, -(2**15)), 2**15 - 1)
    for count in (-(2**15), 0, 2**15 - 1, round(there)):
        got = (count * multiplier + bias) >> shift
        off = abs(count - there) * 2.0 ** -(shift + 1)
        assert abs(got - (count * ratio + start)) <= 0.5 + off + 2.0**-shift
    if shift < 29:
        scale = 2.0 ** (shift + 1)
        whole = np.floor(ratio * scale + 0.5)
        lost = np.floor(start * scale + (ratio * scale - whole) * there + 0.5) + 2.0**shift
        assert 2.0**15 * abs(whole) + abs(lost) > LIMIT


def test_counts_that_are_worth_too_much() -> None:
    assert _multiplier(0.0, 7.0, 0.0)[0] == 0 and _multiplier(30000.0, 0.0, 0.0)[2] == 0
    for ratio, start in ((40000.0, 0.0), (1.0, 2.0**31)):
        with pytest.raises(UsageError, match="worth more"):
            _multiplier(ratio, start, 0.0)


def test_from_which_count_on_a_choice_is_allowed() -> None:
    """From a half on."""
    limits = _limits(np.array([1.0, 0.25, 0.5]), np.array([0.0, 0.0, 0.25]))
    assert limits == (1.0, 2.0, 1.0)
    for scale in (-1.0, 0.0):
        with pytest.raises(UnsupportedError, match="negative scale"):
            _limits(np.array([1.0, scale]), np.zeros(2))


@pytest.mark.parametrize(("low", "high", "zero"), [
    (-128, 127, 3), (-128, 127, -128), (-32768, 32767, 0), (0, 32767, 0), (-1000, 999, 0),
    (0, 255, 0), (0, 256, 0), (-127, 127, 0)])
def test_points_of_a_lookup_table(low: int, high: int, zero: int) -> None:
    """One for each of 256 integers; of more, both ends of up to 256 segments of equal length."""
    real, bits = table_points(Quantization(0.5, zero, low, high))
    integers = real / 0.5 + zero
    assert integers[0] == low and set(np.diff(integers)) == {2.0**bits}
    if high - low < 256:
        assert bits == 0 and integers[-1] == high
    else:
        assert 129 <= len(real) <= 257
        assert integers[-2] <= high <= integers[-1]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("zero_point", [0, -128])
def test_a_matrix_in_integers(scheme: str, zero_point: int) -> None:
    random = np.random.default_rng(0)
    weight, bias = random.standard_normal((3, 4, 2)), random.standard_normal(3)
    rows = rows_of(weight)
    assert rows.shape == (3, 8) and np.array_equal(rows[1], weight[1].ravel())
    rows[2], bias[2] = 1e-12, 1.0  # nothing but a bias
    largest = 128 if scheme == "int8" else 1000
    found = prove(rows, bias, largest, zero_point, SCHEMES[scheme], "", None, Rounding())
    top = 2 ** (found.weight_bits - 1) - 1
    assert np.abs(found.weight).max(1)[:2].tolist() == [top, top]
    assert np.abs(found.weight * found.scales[:, None] - rows).max() <= found.scales.max() / 2
    assert found.scales[:2] == pytest.approx(np.abs(rows[:2]).max(1) / top)
    assert found.scales[2] == pytest.approx(1 / 2**29)
    real = (found.bias + zero_point * found.weight.sum(1)) * found.scales
    assert np.allclose(real, bias, atol=found.scales.max())
    sums = np.abs(found.weight).sum(1) * largest + np.abs(found.bias)
    assert found.bound == sums.max() <= LARGEST_SUM
    multiplier, first, second = found.requantization(0.1).T.astype(np.float64)
    assert np.allclose(multiplier * 2.0 ** -(first + second), found.scales / 0.1, rtol=2.0**-13,
                       atol=2.0**-31)


def test_a_matrix_that_leaves_31_bits() -> None:
    """8 bits are kept or refused; 15 are given up one by one, to four."""
    wide = np.ones((1, 2000))
    for largest in (32767, 2000):
        found = prove(wide, np.zeros(1), largest, 0, SCHEMES["int16"], "", None, Rounding())
        assert found.bound <= LARGEST_SUM < 2.1 * found.bound
    with pytest.raises(UnsupportedError, match="stay in 31 bits"):
        prove(wide, np.zeros(1), 32767, 0, SCHEMES["int8"], "", None, Rounding())
    four = LARGEST_SUM // 7
    assert prove(np.ones((1, 1)), np.zeros(1), four, 0, SCHEMES["int16"], "", None,
                 Rounding()).weight_bits == 4
    with pytest.raises(UnsupportedError):
        prove(np.ones((1, 1)), np.zeros(1), four + 1, 0, SCHEMES["int16"], "", None, Rounding())


@pytest.mark.parametrize(("weight", "bias", "seen", "bits"), [
    ([[0.5, 0.25]], [0.25], None, 12),  # 1 at most: as many as there may be
    ([[4.0, -3.0]], [1.0], None, 12), ([[4.0, -3.0]], [1.5], None, 11),
    ([[4.0, -3.0]], [1.5], [[0.5, 0.5]], 12),  # 2 was seen: 4 with headroom
    ([[64.0, 64.0]], [0.0], [[1.0, 0.5]], 8), ([[64.0, 64.0]], [0.0], [[1.0, -0.5]], 9),
    ([[70000.0, 0.0]], [0.0], None, 0)])
def test_bits_behind_the_point_of_a_candidate(weight: list[list[float]], bias: list[float],
                                              seen: list[list[float]] | None, bits: int) -> None:
    """So that the sum stays below 2^15."""
    assert _reset_bits(np.array(weight), np.array(bias),
                       None if seen is None else np.array(seen)) == bits


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("low", "high"), [(-1.0, 3.0), (0.0, 2.0), (-5.0, 0.0), (0.0, 0.0)])
def test_integers_cover_a_range(scheme: str, low: float, high: float) -> None:
    """As many as there are, 0 exactly, and both ends within half a step of a calibrated range."""
    bench = zoo.Bench((1, 2))
    hidden = bench.op(Unary, x=bench.op(Gemm, x=bench.x, weight=bench.weight(4, 2)),
                      function=Activation("abs"))
    program = bench.program(bench.op(Gemm, x=hidden, weight=bench.weight(2, 4)))
    values = {name: np.zeros(value.shape, np.float32) for name, value in program.values.items()}
    ends = [{**values, hidden: np.full((1, 4), end / 1.25, np.float32)} for end in (low, high)]
    ranges = Ranges(program, Calibration(*ends, 16), SCHEMES[scheme])
    made = ranges.qparams(hidden, program.ops[1])
    assert ranges.dtype(hidden) == ("int8" if scheme == "int8" else "int16")
    if scheme == "int8":
        assert (made.low, made.high) == (-128, 127)
        assert made.scale == pytest.approx(max(high - low, 1e-6) / 255, rel=1e-6)
        assert abs((made.low - made.zero_point) * made.scale - low) <= made.scale / 2 + 1e-12
    else:
        assert made.zero_point == 0 and made.low == (0 if low == 0 else -made.high - 1)
        assert made.high + 1 == 2 ** int(math.log2(made.high + 1)) <= 2**15
        assert made.scale == pytest.approx(max(high, -low, 1e-6) / made.high, rel=1e-6)


@pytest.mark.parametrize("octaves", [62.5, 62.9, 62.92, 62.95, 62.98, 63.0, 63.5])
def test_flat_is_what_stays_so_for_a_doubling(octaves: float) -> None:
    """Of magnitudes of 32 to the octave below 2^64; a function ends one of them after its bound."""
    end = (math.ceil(octaves * 32) + 1) / 32
    bottom, top = flat_beyond(Activation("clip", (-1.0, 2.0**octaves)))
    assert top == pytest.approx(2.0**end if end + 1 <= 64 - 1 / 32 else math.inf)
    assert bottom == pytest.approx(-(2.0 ** (1 / 32)))
