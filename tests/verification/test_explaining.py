# SPDX-License-Identifier: MIT
"""What may lie between our output and the original's: each bound beside outputs that are moved.

The bounds must hold for whatever an implementation within the limit of the raw values gives, and
must not be so wide that they would hold for anything.
"""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from puffer_edge.ir import ActionMask, Continuous, Contract, Discrete, Field
from puffer_edge.verification.originals.explaining import (
    _argmax,
    _sequences,
    acted,
    deviation,
    difference,
    explain,
    forms,
)

LOT = np.random.default_rng(7)


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x.astype(np.longdouble))
    return np.asarray((powers / powers.sum(-1, keepdims=True)).astype(np.float64))


@pytest.mark.parametrize("limit", [1e-6, 1e-3, 0.1])
@pytest.mark.parametrize("heads", [(3,), (2, 4)])
def test_bounds_hold_for_what_is_moved(limit: float, heads: tuple[int, ...]) -> None:
    """Of raw values at both ends of the limit, in every combination.

    A share of y moves by at most ``y (1 - y) (e^2limit - 1)``, its logarithm by ``2 limit (1 - y)``
    or a little more or less: a bound may leave the 1 - y away, and be a third wider.
    """
    contract = Contract((), Discrete(heads))
    raw = LOT.uniform(-6, 6, (5, 4, sum(heads)))  # steps of several lanes
    cuts = np.cumsum(heads)[:-1]
    by_name = {form.name: form.apply for form in forms(contract)}
    limits = np.broadcast_to(limit * LOT.choice([0.1, 1.0], (5, 4, 1)), raw.shape)

    def joined(x: np.ndarray, function: object) -> np.ndarray:
        return np.concatenate([function(part) for part in np.split(x, cuts, -1)], -1)  # type: ignore[operator]

    for name, right in (("its softmax", softmax),
                        ("its log-softmax", lambda x: np.log(softmax(x)))):
        ours, bound = by_name[name](raw, limits)
        np.testing.assert_allclose(ours, joined(raw, right), rtol=1e-12, atol=1e-14)
        most = np.zeros_like(ours)
        for signs in product([-1.0, 1.0], repeat=raw.shape[2]):
            moved = joined(raw + limits * np.array(signs), right)
            most = np.maximum(most, np.abs(moved - ours))
        assert (most <= bound).all()
        rest = 1 - joined(raw, softmax)
        assert (rest * (bound - 3e-6 * (1 + 2 * np.abs(raw).max())) <= 4 / 3 * most).all()


def test_a_small_number_more() -> None:
    """The logarithm of a share and 1e-8 to 1e-6, as trainers add it."""
    raw = np.array([[0.0, -3.0, -16.0, -40.0]])
    (apply,) = (form.apply for form in forms(Contract((), Discrete((4,))))
                if form.name == "the logarithm of its softmax and a small number")
    ours, bound = apply(raw, np.zeros_like(raw))
    for more in (0.0, 1e-8, 1e-7, 1e-6):
        theirs = np.log(softmax(raw) + more)
        held = np.abs(theirs - ours) <= bound
        assert held[0, :3].all()
        assert held[0, 3] or more == 0.0
    np.testing.assert_allclose(ours, np.log(softmax(raw) + 1e-7), rtol=1e-12)
    assert not (np.abs(np.log(softmax(raw) + 1e-4) - ours) <= bound).all()


def test_masked_shares() -> None:
    """Policies with masks add a small number to each share, or divide by more; what is forbidden
    has no number to compare."""
    raw = LOT.uniform(-6, 6, (3, 2, 4))
    raw[..., 3] = np.finfo(np.float32).min
    contract = Contract((Field("x", (2,)), Field("allowed", (4,))), Discrete((4,)),
                        mask=ActionMask(2, 4))
    by_name = {form.name: form.apply for form in forms(contract)}
    with np.errstate(all="ignore"):
        found = {name: by_name[name](raw, np.zeros_like(raw)) for name in
                 ("", "its softmax", "its log-softmax")}
    shares = softmax(raw)
    for added in (0.0, 1e-7, 1e-6):
        theirs = (shares + added) / (shares + added).sum(-1, keepdims=True)
        for name, right in (("its softmax", theirs), ("its log-softmax", np.log(theirs))):
            ours, bound = found[name]
            assert (np.abs(ours - right) <= bound)[..., :3].all()
            assert (bound[..., :3] <= 8e-6 / (1 if name == "its softmax" else shares[..., :3])
                    + 2e-5).all()
    for ours, _ in found.values():
        assert np.isnan(ours[..., 3]).all() and np.isfinite(ours[..., :3]).all()
    assert not np.isfinite(raw.astype(np.float32) * 2).all()  # the lowest float32


@pytest.mark.parametrize("action", [
    Continuous(2, low=(-1.0, -2.0), high=(0.5, 2.0)), Continuous(2, squash=True),
    Continuous(2, squash=True, low=(-3.0, 10.0), high=(1.0, 16.0), rescale=True)])
def test_an_action_is_rounded_once_more(action: Continuous) -> None:
    """Beside float64: within a limit that is scaled as the action is, and eight digits of it."""
    raw = LOT.uniform(-2, 2, (3, 5, 2)).astype(np.float32)
    low, high = np.array(action.low or (-9.0, -9.0)), np.array(action.high or (9.0, 9.0))

    def acts(x: np.ndarray) -> np.ndarray:
        x = np.tanh(x) if action.squash else x
        return np.clip(low + (x + 1) / 2 * (high - low) if action.rescale else x, low, high)

    for limit in (0.0, 0.01):
        ours, bound = acted(action, raw, np.full(raw.shape, limit))
        right = acts(raw.astype(np.float64))
        scale = (high - low) / 2 if action.rescale else np.ones(2)
        digits = 1e-6 * (np.abs(right) + (np.abs(scale) + np.abs(high + low) / 2
                                          if action.rescale else 0.0))
        for sign in (-1.0, 0.0, 1.0):
            assert (np.abs(acts(raw + sign * limit) - ours) <= bound).all()
        assert bound.shape == raw.shape
        rounded = 1e-6 * scale if action.squash else 0.0
        assert (bound <= limit * scale + digits + 2e-8 + rounded).all()


def test_a_choice_is_free_where_two_are_near() -> None:
    """Each raw value may lie off by its limit, so the gap of two by twice that."""
    x = np.array([[0.0, 1.0, 0.5], [0.0, 0.25, 0.5], [2.0, 0.0, 1.0], [0.0, 0.75, 0.5 - 1 / 16]])
    limit = np.zeros_like(x)
    limit[:, 0] = 0.125  # the largest of a row counts
    choice, bound = _argmax(x[None], limit[None])
    assert choice.tolist() == [[[1.0], [2.0], [0.0], [1.0]]]
    assert bound.tolist() == [[[0.0], [np.inf], [0.0], [0.0]]]
    choice, bound = _argmax(x[:, 1:], limit[:, :1] * [0.0, 2.0])
    assert choice[:, 0].tolist() == [0, 1, 1, 0]
    assert bound[:, 0].tolist() == [np.inf, np.inf, 0, np.inf]
    choice, bound = _argmax(np.full((2, 3, 1), 3.0), np.full((2, 3, 1), 9.0))  # only one
    assert choice.shape == bound.shape == (2, 3, 1) and not choice.any() and not bound.any()


def test_runs_of_outputs() -> None:
    """All of which the sizes add up, in the file's order; what is empty is in none."""
    sizes = {"a": 2, "b": 1, "c": 3, "d": 0, "e": 1, "f": 2}
    for width in range(1, 10):
        names = [name for name in sizes if sizes[name]]
        right = {run for n in range(1, 6) for run in combinations(names, n)
                 if sum(sizes[name] for name in run) == width}
        found = _sequences(sizes, width)
        assert len(found) == len(right) and set(found) == right
    assert len(_sequences({str(n): 1 for n in range(40)}, 9)) == 300


def test_how_far_an_output_moves() -> None:
    """Numpy's deviation, at least a hundredth of the largest; of what does not move, its size."""
    theirs = np.array([[1.0, 5.0, 0.0], [3.0, 5.0, np.inf], [5.0, 5.0, 0.0]])
    spread = float(np.std([1.0, 3.0, 5.0]))
    np.testing.assert_allclose(deviation(theirs), [spread, 0.01 * spread, 0.01 * spread])
    np.testing.assert_allclose(deviation(np.full((3, 2), [-4.0, 1.0])), [0.04, 0.04])
    np.testing.assert_allclose(deviation(np.zeros((3, 1))), [0.01])
    ours = theirs + np.array([[spread], [0.0], [0.0]])
    ours[0, 2] = np.nan
    right = (1 + 100) / 7  # of nine, one is infinite there and one is no number here
    assert difference(ours, theirs) == pytest.approx(right)
    assert difference(np.full((2, 1), np.nan), np.ones((2, 1))) == np.inf


def test_the_action_is_explained_by_the_outputs_that_it_is_made_of() -> None:
    """Two outputs in the file's order, squashed there and not here; a third one is left."""
    raw = LOT.uniform(-2, 2, (30, 3))
    action = Continuous(3, squash=True)
    outputs = {"value": LOT.uniform(-1, 1, (30, 1)), "steer": np.tanh(raw[:, :2]),
               "throttle": np.tanh(raw[:, 2:])}
    found = explain(Contract((), action), raw, outputs)
    assert found is not None and found.outputs == ("steer", "throttle")
    assert found.form.name in ("its tanh", "its action") and found.error < 1e-6
    assert explain(Contract((), action), raw, {"value": outputs["value"]}) is None
