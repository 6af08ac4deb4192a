"""Rounds a matrix so that its products stay right, not each weight for itself.

Weights of 8 bits are the largest error of an integer policy. Two things make it several times
smaller and cost the device nothing:

- *bias correction*: what rounding adds to a row's mean product goes into its bias;
- *error compensation*: weights are rounded one after another, and the error of each is made up for
  by those that are still to come, as the correlations of the inputs allow (Frantar et al., GPTQ,
  2022, after Hassibi and Stork, Optimal Brain Surgeon, 1993).

Both learn from recorded inputs and can learn too much from few of them. How far to trust the
correlations is therefore chosen by cross-validation: on steps that were left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

DAMPINGS = (0.01, 0.1, 1.0, 10.0)
"""Trust in the correlations, from much to little: added to their diagonal, relative to its mean."""

FOLDS = 4
LARGEST = 1024
"""Wider matrices are rounded without compensation, which takes K^2 * N steps."""


def round_weights(weight: Array, scales: Array, inputs: Array | None) -> tuple[Array, Array]:
    """A matrix in integers, and what to add to the bias.

    Args:
        weight: [N, K] float64, no element larger than the row's scale allows.
        scales: [N], real value of the integer 1 in each row.
        inputs: [T, K] recorded inputs in integer steps, or None.

    Returns:
        [N, K] int64 and [N] float64, the correction in real units.
    """
    if inputs is None:
        return _nearest(weight, scales), np.zeros(len(weight))
    damping = None
    if weight.shape[1] <= LARGEST and len(inputs) >= 4 * FOLDS:
        folds = np.array_split(np.arange(len(inputs)), FOLDS)

        def missed(candidate: float | None) -> float:
            total = 0.0
            for fold in folds:
                rows, correction = _solve(weight, scales, np.delete(inputs, fold, 0), candidate)
                error = inputs[fold] @ (weight - rows * scales[:, None]).T - correction
                total += float((error**2).sum())
            return total

        damping = min((None, *DAMPINGS), key=missed)
    return _solve(weight, scales, inputs, damping)


def _solve(weight: Array, scales: Array, inputs: Array,
           damping: float | None) -> tuple[Array, Array]:
    mean = inputs.mean(0)
    centred = inputs - mean
    covariance = centred.T @ centred / len(inputs)
    if damping is None or not covariance.any():
        rows = _nearest(weight, scales)
    else:
        size = len(covariance)
        ridge = damping * np.trace(covariance) / size * np.eye(size)
        rows = _compensated(weight, scales, covariance + ridge)
    return rows, (weight - rows * scales[:, None]) @ mean


def _compensated(weight: Array, scales: Array, covariance: Array) -> Array:
    """Column by column, those that vary most first; GPTQ's algorithm 1 with blocks of one."""
    order = np.argsort(-np.diag(covariance), kind="stable")
    inverse = np.linalg.inv(covariance[np.ix_(order, order)])
    factor = np.linalg.cholesky((inverse + inverse.T) / 2).T
    rest, rows = weight[:, order].copy(), np.empty(weight.shape, np.int64)
    tops = np.floor(np.abs(weight).max(1) / scales + 0.5)
    for column in range(weight.shape[1]):
        nearest = np.clip(np.floor(rest[:, column] / scales + 0.5), -tops, tops)
        error = (rest[:, column] - nearest * scales) / factor[column, column]
        rest[:, column + 1:] -= error[:, None] * factor[column, column + 1:]
        rows[:, order[column]] = nearest
    return rows


def _nearest(weight: Array, scales: Array) -> Array:
    return np.asarray(np.floor(weight / scales[:, None] + 0.5), np.int64)
