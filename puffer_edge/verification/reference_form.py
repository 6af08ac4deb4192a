# SPDX-License-Identifier: MIT
"""Our logits in the form in which a reference has them: its network may end in a softmax."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Discrete, Head, Hybrid

NEAR = 1e-4
"""How far from 1 the sum of float32 probabilities may lie."""


def in_form_of(theirs: Array, ours: Array, head: Head | Hybrid) -> Array:
    """Our raw output as probabilities, or their logarithms, where that is what theirs are.

    A softmax at the end is dropped on reading, as the choice does not need it.

    Args:
        theirs: [T, size].
        ours: [T, size].
        head: what the outputs are for; those of a continuous action stay.
    """
    if isinstance(head, Hybrid):
        cut = head.continuous.width
        return np.concatenate(
            [ours[:, :cut], in_form_of(theirs[:, cut:], ours[:, cut:], head.discrete)], 1)
    if not isinstance(head, Discrete) or theirs.shape != ours.shape:
        return ours
    cuts = np.cumsum(head.sizes)[:-1]
    parts = np.split(theirs.astype(np.float64), cuts, 1)
    logarithms = [_log_softmax(part.astype(np.float64)) for part in np.split(ours, cuts, 1)]
    with np.errstate(all="ignore"):
        if (theirs >= 0).all() and all(_sum_to_one(part) for part in parts):
            return np.concatenate([np.exp(part) for part in logarithms], 1)
        if (theirs <= 0).all() and all(_sum_to_one(np.exp(part)) for part in parts):
            return np.concatenate(logarithms, 1)
    return ours


def _sum_to_one(rows: Array) -> bool:
    return bool((np.abs(rows.sum(1) - 1) < NEAR).all())


def _log_softmax(rows: Array) -> Array:
    shifted = rows - rows.max(1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)))
