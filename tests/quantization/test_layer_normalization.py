# SPDX-License-Identifier: MIT
"""Layer normalisation in integers: in 31 bits for every input, near the real one, or refused."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puffer_edge.errors import UnsupportedError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program, Quantization
from puffer_edge.ir.ops import Gemm, LayerNormalization, LayerNormalizationInteger, Unary
from puffer_edge.ir.reciprocal_root import (
    LARGEST_ROW,
    SHIFTS,
    root_table,
    square_bits,
)
from puffer_edge.ir.requantization import choose
from tests import zoo

LIMITS = np.iinfo(np.int16)


def normalised(rows: np.ndarray, epsilon: float) -> np.ndarray:
    """The op's result in real units; epsilon in squares of steps."""
    count = rows.shape[1]
    steps = [epsilon * count / 4.0**k for k in range(SHIFTS)]
    op = LayerNormalizationInteger(
        x="x", mean="m", epsilon="e", table="t", y="y", axis=1, zero_point=0,
        shift=next(k for k, each in enumerate(steps) if each < 2**29),
        quantization=Quantization(1.0, 0, -32768, 32767))
    entries = np.array([min(round(each), 2**29 - 1) for each in steps], np.int32)
    mean = np.array(choose(1 / count, count << 15), np.int32)
    (y,) = op.evaluate([rows, mean, entries, root_table()])
    return y * sqrt(count) / 2**15


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([1, 2, 3, 7, 64, 100, 256, 1024, LARGEST_ROW]), st.integers(0, 15),
       st.sampled_from([0.0, 1e-3, 1.0, 1e5]), st.integers(0, 2**32 - 1))
def test_any_row_is_near_the_real_one(count: int, bits: int, epsilon: float, seed: int) -> None:
    """Within what the roundings allow; that nothing leaves 31 bits is asserted inside.

    The norm N of the deviations is off by at most sqrt(n) times what each of them is (triangle
    inequality): half a step of the coarse shift and the rounding of the mean.
    """
    random = np.random.default_rng(seed)
    centre = random.integers(LIMITS.min, LIMITS.max + 1)
    rows = (centre + random.integers(-(1 << bits), (1 << bits) + 1, (4, count))).clip(
        LIMITS.min, LIMITS.max).astype(np.int16)
    rows[0] = random.choice([LIMITS.min, LIMITS.max], count)
    rows[1, 1:] = rows[1, 0]
    found = normalised(rows, epsilon)
    d = rows - rows.mean(1, keepdims=True)
    largest = np.abs(d).max(1, keepdims=True)
    coarse = np.maximum(np.ceil(np.log2(largest + 2)) - square_bits(count) + 1, 0)
    if epsilon * count >= 2**29:
        coarse = np.maximum(coarse, np.ceil(np.log2(epsilon * count / 2**29) / 2))
    norm = np.sqrt((d**2).sum(1, keepdims=True) + count * epsilon)
    mean_error = 0.5 + 2.0**-13  # the second division is of a number below n
    relative = (sqrt(count) * (2.0**coarse / 2 + mean_error) + 2.0**coarse) / np.maximum(norm, 1e-9)
    exact = d * sqrt(count) / np.maximum(norm, 1e-9)
    fine = np.maximum(np.ceil(np.log2(largest + 2)) - 14, 0)
    error = np.abs(exact) * (relative / np.maximum(1 - relative, 1e-9) + 2.0**-13) + sqrt(count) * (
        (mean_error + 2.0**fine / 2) / np.maximum(norm, 1e-9) + 2.0**-15)
    known = (relative < 0.9).repeat(count, 1)  # of rows that are their own rounding nothing is
    assert np.all((np.abs(found - exact) <= error) | ~known)


def test_a_constant_row_is_zero() -> None:
    rows = np.repeat(np.array([[-32768], [-1], [0], [32767]], np.int16), 48, 1)
    assert not normalised(rows, 0.0).any() and not normalised(rows, 2.0).any()


def network(count: int, size: float = 1.0, epsilon: float = 1e-5) -> Program:
    bench = zoo.Bench((1, 8))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(count, 8, scale=size))
    y = bench.op(LayerNormalization, x=y, scale=bench.weight(count, scale=1.0),
                 bias=bench.weight(count), axis=1, epsilon=epsilon)
    y = bench.op(Unary, x=y, function=Activation("elu", (1.0,)))
    y = bench.op(Gemm, x=y, weight=bench.weight(count, count), bias=bench.weight(count))
    y = bench.op(LayerNormalization, x=y, scale=bench.weight(count, scale=1.0), axis=1)
    y = bench.op(Unary, x=y, function=Activation("tanh"))
    return bench.program(bench.op(Gemm, x=y, weight=bench.weight(4, count)))


@pytest.mark.parametrize(("scheme", "least"), [("int8", 0.97), ("int8x16", 0.98),
                                               ("int16", 0.995)])
def test_a_network_with_norms_acts_like_its_float_original(scheme: str, least: float) -> None:
    """On observations that nothing was calibrated with; the shares are those asked of policies."""
    program = network(64)
    ours = Interpreter(zoo.in_integers(program, scheme))
    theirs = Interpreter(program)
    x = np.random.default_rng(11).standard_normal((1000, 8)).astype(np.float32)
    same = [ours.step(row)["logits"].argmax() == theirs.step(row)["logits"].argmax() for row in x]
    assert np.mean(same) >= least


@pytest.mark.parametrize(("count", "size", "epsilon", "words"), [
    (LARGEST_ROW + 1, 1.0, 1e-5, "too long"), (8, 1e-9, 1.0, "epsilon decides alone")])
def test_what_cannot_be_is_refused(count: int, size: float, epsilon: float, words: str) -> None:
    bench = zoo.Bench((1, 2))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(count, 2, scale=size))
    y = bench.op(LayerNormalization, x=y, scale=bench.weight(count), axis=1, epsilon=epsilon)
    with pytest.raises(UnsupportedError, match=words):
        zoo.in_integers(bench.program(y), "int16")
