# SPDX-License-Identifier: MIT
"""Our logits in the form of a reference, against torch's softmax."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.ir import Continuous, Discrete, Hybrid
from puffer_edge.verification.reference_form import in_form_of

torch = pytest.importorskip("torch")
SIZES = (2, 3)
OURS = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)


def by_head(function: str, rows: np.ndarray) -> np.ndarray:
    made = getattr(torch.nn.functional, function)
    return np.concatenate([made(part.double(), dim=-1).numpy()
                           for part in torch.from_numpy(rows).split(SIZES, 1)], 1)


@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def test_probabilities_and_their_logarithms(function: str) -> None:
    wanted = by_head(function, OURS)
    found = in_form_of(wanted.astype(np.float32), OURS, Discrete(SIZES))
    assert np.allclose(found, wanted, atol=1e-12)
    # Off by less than a ten-thousandth they are probabilities still; by more they are logits.
    for factor, alike in ((1 + 0.9e-4, True), (1 - 0.9e-4, True), (1 + 1.1e-4, False)):
        theirs = wanted * factor if function == "softmax" else np.minimum(
            wanted + np.log(factor), 0)
        assert (in_form_of(theirs, OURS, Discrete(SIZES)) is OURS) != alike
    # All heads are, or none.
    half = wanted.copy()
    half[:, 2:] = -7.0 if function == "log_softmax" else 7.0
    assert in_form_of(half, OURS, Discrete(SIZES)) is OURS
    hybrid = Hybrid(Continuous(2), Discrete((3,)))
    both = np.concatenate([OURS[:, :2], wanted[:, 2:]], 1)
    assert np.allclose(in_form_of(both, OURS, hybrid), both, atol=1e-6)


@pytest.mark.parametrize("theirs", [OURS, np.abs(OURS), -np.abs(OURS), OURS[:, :4]])
def test_other_numbers_leave_ours_as_they_are(theirs: np.ndarray) -> None:
    """Also rows that sum to one but hold a negative number."""
    assert in_form_of(theirs, OURS, Discrete(SIZES)) is OURS
    assert in_form_of(by_head("softmax", OURS), OURS, Continuous(5)) is OURS
    signs = np.tile(np.array([-1.0, 2.0, 0.5, 0.5, 0.0]), (6, 1))
    assert in_form_of(signs, OURS, Discrete(SIZES)) is OURS
