"""Rounding by recorded inputs: better where they tell something, harmless where they do not."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from puffer_edge.quantization.gptq import round_weights


def missed(weight: np.ndarray, scales: np.ndarray, fresh: np.ndarray,
           inputs: np.ndarray | None) -> float:
    """Mean square error of the products with inputs that the rounding has not seen."""
    rows, correction = round_weights(weight, scales, inputs)
    assert np.abs(rows).max() <= 127
    return float(((fresh @ (weight - rows * scales[:, None]).T - correction) ** 2).mean())


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
