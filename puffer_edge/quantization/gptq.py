# SPDX-License-Identifier: MIT
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

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.progress import Tell, nobody, through

Solution = tuple[Array, Array]

DAMPINGS = (0.01, 0.1, 1.0, 10.0)
"""Trust in the correlations, from much to little: added to their diagonal, relative to its mean."""

FOLDS = 4
LARGEST = 1024
"""Wider matrices are rounded without compensation, which takes K^2 * N steps."""

BLOCK = 64
"""Columns that are rounded one by one before the others hear of their errors, all at once."""


@dataclass(frozen=True)
class Rounding:
    """Rounds matrices, and remembers those that it has rounded already.

    Layers are quantised again and again while schemes are chosen and their errors measured; most of
    them see the very same numbers each time.

    Attributes:
        progress: is told which layer is being rounded.
        nearest: each weight for itself, as quantisation-aware training has rounded it.
        solved: by a digest of what was given.
    """

    progress: Callable[[str], None] = lambda text: None
    nearest: bool = False
    solved: dict[bytes, Solution] = field(default_factory=dict)

    def weights(self, weight: Array, scales: Array, inputs: Array | None, layer: str) -> Solution:
        """See :func:`round_weights`; the layer is for the progress."""
        if inputs is None or self.nearest:
            return round_weights(weight, scales, None)
        digest = hashlib.sha256()
        for array in (weight, scales, inputs):
            digest.update(repr((array.shape, array.dtype)).encode())
            digest.update(np.ascontiguousarray(array).data)
        key = digest.digest()
        if key not in self.solved:
            what = f"rounding the weights of {layer}" if layer else "rounding weights"
            self.progress(what)
            self.solved[key] = round_weights(weight, scales, inputs, what, self.progress)
        return self.solved[key]


def round_weights(weight: Array, scales: Array, inputs: Array | None, what: str = "rounding",
                  progress: Tell = nobody) -> Solution:
    """A matrix in integers, and what to add to the bias.

    Args:
        weight: [N, K] float64, no element larger than the row's scale allows.
        scales: [N], real value of the integer 1 in each row.
        inputs: [T, K] recorded inputs in integer steps, or None.
        what: is being done, for the progress.
        progress: is told how far it is.

    Returns:
        [N, K] int64 and [N] float64, the correction in real units.
    """
    if inputs is None:
        return _nearest(weight, scales), np.zeros(len(weight))
    mean, covariance = _moments(inputs)
    damping = None
    if weight.shape[1] <= LARGEST and len(inputs) >= 4 * FOLDS:
        damping = _best_damping(weight, scales, inputs, what, progress)
    rows = _solved(weight, scales, covariance, damping)
    return rows, (weight - rows * scales[:, None]) @ mean


def _best_damping(weight: Array, scales: Array, inputs: Array, what: str, progress: Tell
                  ) -> float | None:
    """By cross-validation; None where compensation is worse than the nearest integers."""
    missed = dict.fromkeys((None, *DAMPINGS), 0.0)
    folds = np.array_split(np.arange(len(inputs)), FOLDS)
    for number, (fold, damping) in enumerate(through([*product(folds, missed)], what, progress)):
        if number % len(missed) == 0:
            mean, covariance = _moments(np.delete(inputs, fold, 0))
            held_back = inputs[fold] - mean
        lost = weight - _solved(weight, scales, covariance, damping) * scales[:, None]
        missed[damping] += float(((held_back @ lost.T) ** 2).sum())
    return min(missed, key=lambda damping: missed[damping])


def _moments(inputs: Array) -> tuple[Array, Array]:
    mean = inputs.mean(0)
    centred = inputs - mean
    return mean, centred.T @ centred / len(inputs)


def _solved(weight: Array, scales: Array, covariance: Array, damping: float | None) -> Array:
    if damping is None or not covariance.any():
        return _nearest(weight, scales)
    size = len(covariance)
    ridge = damping * np.trace(covariance) / size * np.eye(size)
    return _compensated(weight, scales, covariance + ridge)


def _compensated(weight: Array, scales: Array, covariance: Array) -> Array:
    """Column by column, those that vary most first.

    With the covariance H = R R', R upper triangular, the errors E of all columns cost |E R|^2, and
    column i makes up for all before it where it is rounded from ``w_i + sum of e_k R_ki / R_ii``.
    That is GPTQ's algorithm without the inverse of H (Chen et al., The geometry of LLM
    quantization: GPTQ as Babai's nearest plane algorithm, 2025).
    """
    order = np.argsort(-np.diag(covariance), kind="stable")
    backwards = order[::-1]
    factor = np.linalg.cholesky(covariance[np.ix_(backwards, backwards)])[::-1, ::-1]
    pull = factor / np.diag(factor)
    exact = np.ascontiguousarray(weight.T[order])  # columns are rows here
    errors, rounded = np.empty_like(exact), np.empty_like(exact)
    tops = np.floor(np.abs(weight).max(1) / scales + 0.5)
    for start in range(0, len(exact), BLOCK):
        block = slice(start, start + BLOCK)
        wanted = exact[block] + pull[:start, block].T @ errors[:start]
        for i, target in enumerate(wanted, start):
            target = target + pull[start:i, i] @ errors[start:i]
            rounded[i] = np.clip(np.floor(target / scales + 0.5), -tops, tops)
            errors[i] = exact[i] - rounded[i] * scales
    rows = np.empty(weight.shape, np.int64)
    rows[:, order] = rounded.T
    return rows


def _nearest(weight: Array, scales: Array) -> Array:
    return np.asarray(np.floor(weight / scales[:, None] + 0.5), np.int64)
