# SPDX-License-Identifier: MIT
"""What is doubtful about a recording, at the edge of each doubt; what a report says of ranges."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from puffer_edge.ir import ActionMask, Activation, Contract, Discrete, Field, Program
from puffer_edge.ir.ops import Binary, Gemm, Softmax, Unary
from puffer_edge.quantization.agreement import Agreement, Figure
from puffer_edge.quantization.bounded_masks import bounded_masks
from puffer_edge.quantization.calibration import Calibration, calibrate
from puffer_edge.quantization.coverage import doubts, doubts_of_recording, wanted
from puffer_edge.quantization.describing import Range, ranges
from puffer_edge.quantization.outside import doubts_of_bounds
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.recording import Recording
from puffer_edge.quantization.schemes import SCHEMES
from tests import zoo
from tests.passes.graphs import number

LARGEST = float(np.finfo(np.float32).max)
OBSERVED = Contract((Field("obs", (3,)),), Discrete((2,)))


def recording(rows: np.ndarray) -> Recording:
    return Recording(np.float32(rows), np.arange(len(rows)) == 0)


def told(seen: np.ndarray, held_back: np.ndarray, contract: Contract = OBSERVED) -> list[str]:
    return list(doubts_of_recording(contract, recording(seen), recording(held_back)))


@pytest.mark.parametrize("missing", [0, 1, 7, 49, 50, 123, 4321, 98765])
@pytest.mark.parametrize("recorded", [1, 2])
def test_what_to_record_more_has_two_digits(missing: int, recorded: int) -> None:
    figure = Figure("it", 0.5, 0.4, 0.6, 0.5, missing=missing)
    agreement = Agreement(9, None, 0.0, 0.0, (figure,))
    found, least = wanted(agreement, recorded), recorded * missing
    unit = 10 ** max(len(str(least)) - 2, 0)
    assert found % unit == 0 and least <= found < least + unit
    assert wanted(agreement) == wanted(agreement, 2)


@pytest.mark.parametrize(("steps", "number_", "says"), [
    (5, 3.5, False), (6, 3.5, True), (6, 3.0, False), (6, 3.01, True), (6, -1.0, False),
    (6, -1.01, True)])
def test_steps_that_lie_far_outside(steps: int, number_: float, says: bool) -> None:
    """More than 5 of 100, by more than half of the range, which was 0 to 2."""
    seen = np.random.default_rng(0).uniform(0, 1, (100, 3))
    held_back = seen.copy()
    seen[0], seen[1] = 0, [1, 2, 1]
    held_back[:steps, 1] = number_
    found = told(seen, held_back)
    assert bool(found) == says
    for text in found:
        assert f"{steps}% of the held-back steps" in text and "obs[1] was 0 to 2 there" in text


def test_elements_that_never_change() -> None:
    """Up to four are named; neither masks nor images nor what changes in the other half."""
    fields = (Field("a", (1,)), Field("b", (5,)), Field("image", (2, 2)), Field("mask", (2,)))
    rows = np.random.default_rng(0).standard_normal((200, 12))
    contract = Contract(fields, Discrete((2,)), mask=ActionMask(10, (2,)))
    rows[:, 6:] = 1
    assert told(rows[:100], rows[100:], contract) == []
    rows[:, 0] = 3
    assert told(rows[:100], rows[100:], contract)[0].endswith("change: a")
    for count, end in ((3, "a, b[0], b[1], b[2]"), (4, "a, b[0], b[1], b[2] and 1 more"),
                       (5, "a, b[0], b[1], b[2] and 2 more")):
        rows[:, 1 : 1 + count] = 3
        assert told(rows[:100], rows[100:], contract)[0].endswith(f"change: {end}")
    rows[150, :6] = 3.5
    assert told(rows[:100], rows[100:], contract) == []
    unmasked = replace(contract, mask=None)
    assert told(rows[:100], rows[100:], unmasked)[0].endswith("change: mask[0], mask[1]")


def row(name: str, steps: float) -> Range:
    return Range(name, "", -1, 1, -1, 1, 0.1, 0, 8, steps / 2, steps, [])


@pytest.mark.parametrize(("shares", "says", "more"), [
    ((0.05,), "", ""), ((0.06, 0.05), "6% of the held-back steps have numbers of 'v0'", ""),
    ((0.06, 0.2, 0.1), "20% of the held-back steps have numbers of 'v1'", "(and so in 2 more")])
def test_values_that_are_cut_off(shares: tuple[float, ...], says: str, more: str) -> None:
    rows = np.random.default_rng(0).uniform(-1, 1, (100, 3))
    good = Agreement(9, None, 0.0, 0.0)
    found = list(doubts(OBSERVED, recording(rows), recording(rows), [
        row(f"v{i}", share) for i, share in enumerate(shares)], good))
    assert len(found) == bool(says) and all(says in text and more in text for text in found)
    assert all(("more values" in text) == bool(more) for text in found)
    for low, high, words in ((0.6, 0.7, "verify will fail: it"), (0.4, 0.6, "record 14 more: it")):
        figure = Figure("it", 0.5, low, high, 0.5, missing=7)
        (text,) = doubts(OBSERVED, recording(rows), recording(rows), [],
                         Agreement(9, None, 0.0, 0.0, (figure,)))
        assert words in text


@pytest.mark.parametrize(("spans", "says"), [
    ((0.09, 0.09, 0.09, 0.5), 3), ((0.09, 0.09, 0.5, 0.5), 0), ((0.11, 0.11, 0.11, 0.11), 0),
    ((0.09, 0.0, 0.0, 0.0), 1), ((0.09, 0.0, 0.0, 0.5), 0), ((0.0,) * 4, 0)])
def test_how_much_of_the_space_is_covered(spans: tuple[float, ...], says: int) -> None:
    """Less than a tenth in more than half of the elements that change; the widest is shown."""
    field = Field("f", (4,)).bounded((-1.0,) * 4, (3.0,) * 4)
    rows = np.tile(np.linspace(0, 1, 50)[:, None], 4) * np.array(spans) * 4
    found = list(doubts_of_bounds(Contract((Field("a", (2,)), field), Discrete((2,))),
                                  np.hstack([np.zeros((50, 2)), rows]).astype(np.float32)))
    assert len(found) == bool(says)
    for text in found:
        widest = int(np.argmax(spans))
        assert f"in {says} of the 4 elements of f: at most 0 to {4 * spans[widest]:.4g}" in text
        assert f"(element {widest}) of -1 to 3" in text


def test_what_has_no_range_is_not_covered() -> None:
    """Nor does it count: it has one end, or both ends are one number."""
    rows = np.zeros((50, 4), np.float32)
    rows[:, 0] = np.linspace(0, 0.05, 50)
    rows[:, 1:] = np.linspace(0, 2e-3, 50)[:, None]
    for low, high in ((-LARGEST, 1.0), (-1.0, LARGEST), (-np.inf, 1.0)):
        field = Field("f", (4,), low=(0.0, low, low, low), high=(1.0, high, high, high))
        (text,) = doubts_of_bounds(Contract((field,), Discrete((2,))), rows)
        assert "in 1 of the 4 elements of f: at most 0 to 0.05 (element 0) of 0 to 1" in text
    field = Field("f", (4,), low=(0.0, 0.0, 0.0, 0.0), high=(1.0, 0.0, 0.0, 0.0))
    stray, text = doubts_of_bounds(Contract((field,), Discrete((2,))), rows)
    assert stray.startswith("49 of the recorded steps") and "in 1 of the 4" in text


@pytest.mark.parametrize(("value", "beyond"), [(4.039, False), (4.041, True)])
def test_the_largest_float_is_no_bound(value: float, beyond: bool) -> None:
    for low, high, sign in ((-LARGEST, 4.0, 1), (-4.0, LARGEST, -1)):
        field = Field("f", (1,), low=(low,), high=(high,))
        rows = np.zeros((9, 1), np.float32)
        rows[3] = sign * value
        found = list(doubts_of_bounds(Contract((field,), Discrete((2,))), rows))
        assert bool(found) == beyond


def test_an_image_is_told_as_a_whole() -> None:
    field = Field("f", (2, 2)).bounded((0.0,) * 4, (1.0,) * 4)
    contract, rows = Contract((field,), Discrete((2,))), np.zeros((9, 4), np.float32)
    rows[:, 3] = 0.5
    rows[0, 0] = 0.05
    assert list(doubts_of_bounds(contract, rows)) == []
    assert list(doubts_of_bounds(contract, rows / 10))


# Masks of a softmax.

@pytest.mark.parametrize(("far", "bounded"), [(-LARGEST, True), (-1e30, True), (-9e29, False)])
def test_a_mask_lies_below_all_scores(far: float, bounded: bool) -> None:
    """By twice the largest and 16, of which the exponential is 1e-7."""
    bench = zoo.Bench((1, 3))
    scores = bench.op(Gemm, x=bench.x, weight=bench.weight(4, 3))
    mask = number(bench, [0, far, 0, far])
    y = bench.op(Softmax, x=bench.op(Binary, a=scores, b=mask, function="add"), axis=1)
    program = bench.program(y)
    x = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    made = bounded_masks(program, calibrate(program, x, np.arange(20) == 0))
    assert (made is not program) == bounded
    if bounded:
        largest = np.abs(x @ program.constants[program.ops[0].weight].T).max()
        bound = -(2 * largest + 16)
        assert made.constants[mask] == pytest.approx([0, bound, 0, bound])


# What a report says.

def three(also: bool = False) -> Program:
    """A layer, tanh, a layer; ``also``: what the first gives is given out, too."""
    bench = zoo.Bench((1, 3))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(5, 3), bias=bench.weight(5))
    z = bench.op(Gemm, x=bench.op(Unary, x=y, function=Activation("tanh")),
                 weight=bench.weight(2, 5))
    program = bench.program(z)
    return replace(program, outputs=(z, y), output_names=("logits", "y")) if also else program


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("factor", [0.5, 1.3, 12.0])
@pytest.mark.parametrize("also", [False, True])
def test_ranges_of_every_value(scheme: str, factor: float, also: bool) -> None:
    program, random = three(also), np.random.default_rng(0)
    x = random.standard_normal((60, 3)).astype(np.float32)
    integers = quantize(program, calibrate(program, x, np.arange(60) == 0), SCHEMES[scheme])
    other = (factor * random.standard_normal((60, 3))).astype(np.float32)
    held_back = calibrate(program, other, np.arange(60) == 0)
    found = {row.value: row for row in ranges(integers, held_back)}
    assert set(found) == {program.input, *(op.y for op in program.ops)}
    hidden, tanh, last = (op.y for op in program.ops)
    for name in (hidden, tanh, last):
        one, qparams, seen = found[name], integers.values[name].quantization, (
            held_back.samples[name])
        ends = [(end - qparams.zero_point) * qparams.scale for end in (qparams.low, qparams.high)]
        assert (one.scale, one.zero_point) == (qparams.scale, qparams.zero_point)
        assert one.bits == round(math.log2(qparams.high - qparams.low + 1))
        assert (one.smallest, one.largest) == (seen.min(), seen.max())
        assert one.histogram == np.histogram(seen, 16, (seen.min(), seen.max()))[0].tolist()
        if name == hidden and not also:  # tanh is flat where its range ends, if it is that wide
            assert one.low <= ends[0] and ends[1] <= one.high
            continue
        assert (one.low, one.high) == pytest.approx(ends)
        slack = qparams.scale * (1.0 if qparams.zero_point else 0.5)
        cut = (seen < ends[0] - slack) | (seen > ends[1] + slack)
        assert one.clipped == cut.mean() and one.steps == cut.any(1).mean()
        assert one.clipped == 0 or factor > 1
        assert one.clipped > 0 or factor < 12 or name == tanh
    observed = found[program.input]
    assert observed.scale is None and observed.largest == other.max()
    low, high = calibrate(program, x, np.arange(60) == 0).features(program.input)
    assert (observed.low, observed.high) == pytest.approx((low.min(), high.max()), rel=1e-3)
    cut = (other < low) | (other > high)
    assert observed.clipped == pytest.approx(cut.mean(), abs=2 / cut.size)


def test_sums_that_were_always_0_have_room() -> None:
    """Of the largest that they can be, 2^28 steps."""
    bench = zoo.Bench((1, 3))
    weight = np.float32([[1, -2, 3], [0.5, 0.25, 0.25]])
    program = bench.program(bench.op(Gemm, x=bench.x, weight=number(bench, weight)))
    zeros = {name: np.zeros(value.shape, np.float32) for name, value in program.values.items()}
    for scheme in SCHEMES.values():
        integers = quantize(program, Calibration(zeros, zeros, 16), scheme)
        qparams = integers.values[integers.outputs[0]].quantization
        assert qparams.scale == pytest.approx(max(6 / 2**28, 1e-6 / qparams.high), rel=0.02)
        wide = program.with_ops(program.ops, {
            name: 1e6 * array for name, array in program.constants.items()})
        qparams = quantize(wide, Calibration(zeros, zeros, 16), scheme).values[
            integers.outputs[0]].quantization
        assert qparams.scale == pytest.approx(6e6 / 2**28, rel=0.02)
