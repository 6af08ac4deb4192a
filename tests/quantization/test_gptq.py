# SPDX-License-Identifier: MIT
"""Rounding by recorded inputs: better where they tell something, harmless where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puffer_edge.quantization.gptq import BLOCK, DAMPINGS, FOLDS, Rounding, round_weights


def missed(weight: np.ndarray, scales: np.ndarray, fresh: np.ndarray,
           inputs: np.ndarray | None) -> float:
    """Mean square error of the products with inputs that the rounding has not seen."""
    rows, correction = round_weights(weight, scales, inputs)
    assert np.abs(rows).max() <= 127
    return float(((fresh @ (weight - rows * scales[:, None]).T - correction) ** 2).mean())


def textbook(weight: np.ndarray, scales: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Frantar et al., GPTQ, 2022, as it is printed: by the Cholesky factor of the inverse.

    With the trust in correlations that is best over folds that are left out.
    """
    tops = np.rint(np.abs(weight).max(1) / scales)

    def solved(seen: np.ndarray, damping: float | None) -> np.ndarray:
        if damping is None:
            return np.floor(weight / scales[:, None] + 0.5)
        covariance = np.cov(seen.T, bias=True)
        covariance += damping * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        order = np.argsort(-np.diag(covariance), kind="stable")
        upper = np.linalg.cholesky(np.linalg.inv(covariance[np.ix_(order, order)])).T
        rest, found = weight[:, order].copy(), np.empty_like(weight)
        for i, column in enumerate(order):
            found[:, column] = np.clip(np.floor(rest[:, i] / scales + 0.5), -tops, tops)
            error = (rest[:, i] - found[:, column] * scales) / upper[i, i]
            rest[:, i:] -= np.outer(error, upper[i, i:])
        return found

    def missing(damping: float | None) -> float:
        total = 0.0
        for fold in np.array_split(np.arange(len(inputs)), FOLDS):
            seen = np.delete(inputs, fold, 0)
            lost = weight - solved(seen, damping) * scales[:, None]
            total += (((inputs[fold] - seen.mean(0)) @ lost.T) ** 2).sum()
        return total

    return solved(inputs, min((None, *DAMPINGS), key=missing))


@pytest.mark.parametrize(("rows", "columns", "steps"), [
    (12, 40, 300), (5, 3 * BLOCK + 7, 100), (30, BLOCK, 400), (3, 90, 20), (3, 90, 16)])
def test_blocks_give_the_integers_of_the_textbook(rows: int, columns: int, steps: int) -> None:
    random = np.random.default_rng(columns)
    weight, scales = matrix(random, rows, columns)
    inputs = 100 * np.tanh(random.standard_normal((steps, 9)) @ random.standard_normal(
        (9, columns))) + 5 * random.standard_normal((steps, columns)) + 30
    found, _ = round_weights(weight, scales, inputs)
    assert np.array_equal(found, textbook(weight, scales, inputs))
    assert (found != np.floor(weight / scales[:, None] + 0.5)).any()


def test_sums_in_another_order_move_one_weight_in_ten_thousand_by_one() -> None:
    """As another processor's linear algebra takes them: the last bits of all products differ."""
    random = np.random.default_rng(1)
    weight, scales = matrix(random, 100, 128)
    inputs = np.tanh(random.standard_normal((600, 9)) @ random.standard_normal((9, 128)))
    found, _ = round_weights(weight, scales, inputs)
    assert np.array_equal(found, round_weights(weight, scales, inputs)[0])
    moved = 0
    for _ in range(3):
        nearly = inputs * (1 + 4e-16 * random.integers(-1, 2, inputs.shape))
        assert (nearly != inputs).any()
        other, _ = round_weights(weight, scales, nearly)
        assert np.abs(found - other).max() <= 1
        moved += int((found != other).sum())
    assert moved <= 1e-4 * 3 * weight.size


def test_what_was_rounded_once_is_not_rounded_again() -> None:
    random = np.random.default_rng(0)
    weight, scales = matrix(random, 5, 8)
    inputs, told = random.standard_normal((50, 8)), list[str]()
    rounding = Rounding(told.append)
    first = rounding.weights(weight, scales, inputs, "encoder")
    assert rounding.weights(weight.copy(), scales, inputs, "again") is first
    assert told[0] == "rounding the weights of encoder"  # then how far it is, and never "again"
    assert all(text.startswith(told[0]) for text in told)
    for other in ((2 * weight, 2 * scales, inputs), (weight, scales, inputs + 1),
                  (weight, 1.1 * scales, inputs)):
        expected, found = round_weights(*other), rounding.weights(*other, "encoder")
        assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


def matrix(random: np.random.Generator, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    weight = random.standard_normal((rows, columns))
    return weight, np.abs(weight).max(1) / 127


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_correlated_inputs_are_rounded_better(seed: int) -> None:
    """Activations of a policy lie near a few directions; so do these, off centre."""
    random = np.random.default_rng(seed)
    weight, scales = matrix(random, 12, 40)
    mixing, centre = random.standard_normal((6, 40)), random.standard_normal(40)
    inputs, fresh = (random.standard_normal((400, 6)) @ mixing + centre
                     + 0.05 * random.standard_normal((400, 40)) for _ in range(2))
    assert missed(weight, scales, fresh, inputs) < missed(weight, scales, fresh, None) / 4


@given(seed=st.integers(0, 1000), steps=st.integers(16, 60))
@settings(max_examples=20, deadline=None)
def test_few_inputs_do_no_harm(seed: int, steps: int) -> None:
    """Noise has no correlations to learn; the mean of few steps is off by 1 / steps of the error.

    Held against the rounding of 30 rows, so that luck evens out: twice is far from what trusting
    the sample's correlations would give (60 columns and fewer steps than columns: any error).
    """
    random = np.random.default_rng(seed)
    weight, scales = matrix(random, 30, 60)
    inputs, fresh = random.standard_normal((steps, 60)), random.standard_normal((2000, 60))
    assert missed(weight, scales, fresh, inputs) < 2 * missed(weight, scales, fresh, None)


def test_inputs_that_never_vary_go_into_the_bias() -> None:
    random = np.random.default_rng(0)
    weight, scales = matrix(random, 5, 8)
    inputs = np.tile(random.standard_normal(8), (50, 1))
    assert missed(weight, scales, inputs, inputs) < 1e-20
