# SPDX-License-Identifier: MIT
"""L2 and RMS norms, softmax, products and sums of activations in integers, beside float64."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puffer_edge.errors import UnsupportedError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program, Quantization
from puffer_edge.ir.ops import (
    Gemm,
    L2Normalization,
    L2NormalizationInteger,
    MatMul,
    MatMulInteger,
    Reduce,
    Reshape,
    Softmax,
    SoftmaxInteger,
)
from puffer_edge.ir.ops.softmax_integer import distance_factor, power_table, reciprocal_table
from puffer_edge.ir.reciprocal_root import LARGEST_ROW, SHIFTS, root_table, square_bits
from puffer_edge.ir.requantization import choose
from puffer_edge.quantization.rules.binary import product
from tests import zoo

LIMITS = np.iinfo(np.int16)


def rows(count: int, bits: int, seed: int) -> np.ndarray:
    """Extremes, one lonely number, and numbers of that many bits, [5, count] int16."""
    random = np.random.default_rng(seed)
    x = random.integers(-(1 << bits), (1 << bits) + 1, (5, count)).clip(LIMITS.min, LIMITS.max)
    x[0] = random.choice([LIMITS.min, LIMITS.max], count)
    x[1] = 0
    x[2, 1:] = 0
    x[3] = LIMITS.min
    return x.astype(np.int16)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([1, 2, 3, 7, 64, 256, LARGEST_ROW]), st.integers(0, 15),
       st.sampled_from([0.0, 1.0, 1e6]), st.sampled_from([1e-9, 30.0, 1e4]),
       st.integers(0, 2**32 - 1))
def test_any_row_is_near_its_quotient(count: int, bits: int, epsilon: float, floor: float,
                                      seed: int) -> None:
    """The norm N is off by at most sqrt(n) times half a step of the coarse shift (triangle
    inequality) and the rounding of what is added, the root by the table's 2^-13."""
    x = rows(count, bits, seed)
    steps = [np.array([min(max(round(each / 4.0**k), least), 2**29 - 1) for k in range(SHIFTS)],
                      np.int32) for each, least in ((epsilon, 0), (floor**2, 1))]
    op = L2NormalizationInteger(x="x", added="a", floor="f", table="t", y="y", axis=1,
                                zero_point=0, shift=0,
                                quantization=Quantization(2.0**-15, 0, -32768, 32767))
    found = op.evaluate([x, *steps, root_table()])[0] / 2.0**15
    d = x.astype(np.float64)
    largest = np.abs(d).max(1, keepdims=True)
    coarse = 2.0 ** np.maximum(np.ceil(np.log2(largest + 1)) - square_bits(count), 0)
    fine = 2.0 ** np.maximum(np.ceil(np.log2(largest + 1)) - 14, 0)
    norm = np.maximum(np.sqrt((d**2).sum(1, keepdims=True) + epsilon), max(floor, 1.0))
    relative = (sqrt(count) * coarse / 2 + coarse) / norm
    error = np.abs(d / norm) * (relative / np.maximum(1 - relative, 1e-9) + 2.0**-13) + (
        fine / 2 / norm + 2.0**-15)
    known = (relative < 0.9).repeat(count, 1)  # of rows that are their own rounding nothing is
    assert np.all((np.abs(found - d / norm) <= error) | ~known)
    assert known[0].all() and not found[1].any()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([1, 2, 3, 10, 100, 4096, 1 << 15]), st.integers(0, 15),
       st.floats(-14, 1.9), st.integers(0, 2**32 - 1))
def test_any_row_is_near_its_shares(count: int, bits: int, exponent: float, seed: int) -> None:
    """Of a weight w = exp(-t): the factor of t has 13 bits, positions 12, straight lines between
    64ths are 2^-15 off, and each of two tables and the product half a step of 2^15."""
    scale = 2.0**exponent
    x = rows(count, bits, seed)
    multiplier, shift = distance_factor(scale)
    op = SoftmaxInteger(x="x", powers="p", reciprocals="r", y="y", axis=1,
                        multiplier=multiplier, shift=shift)
    found = op.evaluate([x, power_table(), reciprocal_table()])[0] / 2.0**15
    t = scale * (x.max(1, keepdims=True) - x.astype(np.float64))
    w = np.exp(-t)
    delta = w * np.expm1(np.minimum(t, 13) * 2.0**-13 + 2.0**-12 + 2.0**-14) + 2.0**-15
    total, worst = w.sum(1, keepdims=True), delta.sum(1, keepdims=True)
    known = (worst < 0.9 * total).repeat(count, 1)  # thousands of weights below a step
    y = w / total
    error = (delta + y * worst) / np.maximum(total - worst, 1e-9) + y * 2.0**-13 + 2.0**-15
    assert np.all((np.abs(found - y) <= error) | ~known)
    assert known[0].all() or count > 100
    assert (found >= 0).all()
    order = np.argsort(x[4], kind="stable")
    assert (np.diff(found[4][order]) >= 0).all()  # the larger number never has the smaller share


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 40), st.integers(1, 300), st.integers(1, 5), st.booleans(),
       st.integers(0, 2**32 - 1))
def test_any_product_is_near_the_real_one(m: int, k: int, n: int, narrow: bool, seed: int) -> None:
    """Each operand is off by half of a unit to which it is shifted, the result by its rounding."""
    random = np.random.default_rng(seed)
    first = Quantization(0.5, 17, -128, 127) if narrow else Quantization(0.5, 0, -32768, 32767)
    second = Quantization(0.25, 0, -32768, 32767)
    a = random.choice([first.low, first.high, 0], (m, k)) if seed % 2 else random.integers(
        first.low, first.high + 1, (m, k))
    b = random.choice([second.low, second.high], (k, n)) if seed % 3 else random.integers(
        second.low, second.high + 1, (k, n))
    (u, v), unit = product(first, second, k)
    bound = k * u.reach * v.reach
    qparams = Quantization(bound * unit / 30000, 0, -32768, 32767)
    op = MatMulInteger(a="a", b="b", factors="f", output="o", y="y", dtype="int16",
                       quantization=qparams)
    (y,) = op.evaluate([a.astype("int8" if narrow else "int16"), b.astype(np.int16),
                        np.array([u.row, v.row]), np.array(choose(unit / qparams.scale, bound))])
    real = [0.5 * (a - first.zero_point), 0.25 * b.astype(np.float64)]
    off = [0.5 * 2.0**u.shift / 2, 0.25 * 2.0**v.shift / 2]
    error = np.abs(real[0]).sum(1, keepdims=True) * off[1] + np.abs(real[1]).sum(0) * off[0] + (
        k * off[0] * off[1]) + qparams.scale * (1 + np.abs(y) * 2.0**-13)
    assert np.all(np.abs(y * qparams.scale - real[0] @ real[1]) <= error)


@pytest.mark.parametrize("case", ["experts", "attention"])
@pytest.mark.parametrize(("scheme", "most"), [("int8", 0.04), ("int8x16", 0.01), ("int16", 0.01)])
def test_a_network_is_near_its_float_original(case: str, scheme: str, most: float) -> None:
    """Mean error by the spread of the outputs, on observations that nothing was calibrated with;
    the limits are those that are asked of continuous policies."""
    program = zoo.program(case)
    made = zoo.in_integers(program, scheme)
    ours, theirs, qparams = Interpreter(made), Interpreter(program), (
        made.values[made.outputs[0]].quantization)
    assert qparams is not None
    x = np.random.default_rng(11).standard_normal((400, 6)).astype(np.float32)
    real = np.stack([theirs.step(row)["logits"] for row in x])
    found = np.stack([ours.step(row)["logits"].astype(np.float64) for row in x])
    error = np.abs((found - qparams.zero_point) * qparams.scale - real).mean(0)
    assert np.mean(error / real.std(0)) <= most, error / real.std(0)


def one(kind: type, size: float = 1.0, count: int = 8, **fields: object) -> Program:
    bench = zoo.Bench((1, 4))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(count, 4, scale=size))
    return bench.program(bench.op(kind, x=y, **fields))


@pytest.mark.parametrize(("program", "words"), [
    (one(L2Normalization, 1e-9, axis=1, epsilon=1.0), "epsilon decides alone"),
    (one(L2Normalization, count=LARGEST_ROW + 1, axis=1), "too long"),
    (one(Softmax, 1e6, axis=1), "before a softmax"),
    (one(Reduce, function="max", axes=(1,)), "Reduce .max.")])
def test_what_cannot_be_is_refused(program: Program, words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        zoo.in_integers(program, "int16")


def test_what_can_never_be_large_keeps_its_bits() -> None:
    """A sum of 60 products of two activations still has 12 bits of each."""
    bench = zoo.Bench((1, 60))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(60, 60))
    a = bench.op(Reshape, x=y, shape=(1, 1, 60))
    y = bench.op(MatMul, a=a, b=bench.op(Reshape, x=y, shape=(1, 60, 1)))
    made = zoo.in_integers(bench.program(bench.op(Reshape, x=y, shape=(1, 1))), "int16")
    op = next(op for op in made.ops if isinstance(op, MatMulInteger))
    assert made.constants[op.factors][:, 2].max() <= 4


def test_an_epsilon_is_taken_up_to_what_30_bits_hold() -> None:
    """Four times as much again and again, until the last shift does not bring it into reach."""
    added = []
    for power in range(-10, 30):
        bench = zoo.Bench((1, 6))
        y = bench.op(Gemm, x=bench.x, weight=bench.weight(6, 6))
        y = bench.op(L2Normalization, x=y, axis=1, epsilon=4.0**power)
        program = bench.program(bench.op(Gemm, x=y, weight=bench.weight(2, 6)))
        try:
            made = zoo.in_integers(program, "int8")
        except UnsupportedError as error:
            assert "epsilon decides alone" in str(error)
            break
        (op,) = (op for op in made.ops if isinstance(op, L2NormalizationInteger))
        added.append(made.constants[op.added].tolist())
    largest = 2**29 - 1
    assert largest / 4 < added[-1][-1] <= largest and len(added) > 12
    assert all(min(4 * b, largest) == pytest.approx(a, abs=4)
               for a, b in zip(added[-1], added[-1][1:], strict=False))
