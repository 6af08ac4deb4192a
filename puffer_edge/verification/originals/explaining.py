# SPDX-License-Identifier: MIT
"""Which outputs of an original our action is made of, told by their numbers and not by our reader.

The order is the file's. A Program may leave away what does not change a greedy choice, or squash
in its contract what the file squashes in its graph; so an output is looked for in every form that
the contract allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Continuous, Contract, Discrete
from puffer_edge.ir.ops.mask import lowest

EPSILON = 1e-6
"""Added to probabilities, in masked policies and before logarithms; ML-Agents has 1e-7, others
more."""
Bounded = tuple[Array, Array]
"""Values and how far another implementation's may lie from them."""


@dataclass(frozen=True)
class Form:
    """What may lie between our raw output and the file's.

    Attributes:
        name: in words, for the report; empty where nothing lies between.
        apply: from raw values [..., width] and their bounds to the file's and theirs.
    """

    name: str
    apply: Callable[[Array, Array], Bounded]


@dataclass(frozen=True)
class Explanation:
    """How the action is made of the original's outputs.

    Attributes:
        outputs: their names, in the file's order.
        form: what lies between.
        theirs: [T, width] their values, joined.
        error: mean difference relative to the deviation; to choose by.
    """

    outputs: tuple[str, ...]
    form: Form
    theirs: Array
    error: float


def explain(contract: Contract, ours: Array, outputs: Mapping[str, Array],
            allowed: Array | None = None) -> Explanation | None:
    """The best explanation of our raw first output [T, width]; None where no sizes fit.

    Args:
        contract: of the Program.
        ours: its raw first output.
        outputs: of the original, each [T, size].
        allowed: [T, width] choices that are not masked; the others have no number to compare.
    """
    best: Explanation | None = None
    for form in forms(contract):
        values, _ = form.apply(ours, np.zeros_like(ours, np.float64))
        for names in _sequences({name: array.shape[1] for name, array in outputs.items()},
                                values.shape[1]):
            theirs = np.concatenate([outputs[name] for name in names], axis=1).astype(np.float64)
            if allowed is not None and theirs.shape == allowed.shape:
                theirs = np.where(allowed, theirs, np.nan)
            error = difference(values, theirs)
            if best is None or error < best.error:
                best = Explanation(names, form, theirs, error)
    return best


def difference(ours: Array, theirs: Array) -> float:
    """Mean difference relative to the deviation of theirs, over what is finite."""
    finite = np.isfinite(ours) & np.isfinite(theirs)
    with np.errstate(all="ignore"):
        errors = np.abs(ours - theirs) / deviation(theirs)
    return float(errors[finite].mean()) if finite.any() else np.inf


def deviation(theirs: Array) -> Array:
    """[size] how far each element of an output moves; at least 1 % of what the most moved does."""
    finite = np.where(np.isfinite(theirs), theirs, np.nan)
    with np.errstate(all="ignore"):
        spread = np.nan_to_num(np.nanstd(finite, axis=0))
    largest = float(spread.max()) or float(np.nan_to_num(np.abs(finite)).max()) or 1.0
    return np.asarray(np.maximum(spread, 0.01 * largest))


def forms(contract: Contract) -> list[Form]:
    """Every form that the contract allows."""
    action = contract.action
    found = [Form("", lambda raw, limit: (raw.astype(np.float64), limit))]
    if isinstance(action, Discrete):
        cuts = np.cumsum(action.sizes)[:-1]
        masked = contract.mask is not None
        softmax = _near(_softmax, False) if masked else _softmax
        log_softmax = _near(_log_softmax, True) if masked else _log_softmax
        found += [Form("its softmax", _by_head(softmax, cuts)),
                  Form("its log-softmax", _by_head(log_softmax, cuts)),
                  Form("the logarithm of its softmax and a small number",
                       _by_head(_log_softmax_of_more, cuts)),
                  Form("its choice", _by_head(_argmax, cuts))]
        if contract.mask is not None:
            found = [replace(form, apply=_allowed(form.apply)) for form in found]
    if isinstance(action, Continuous):
        if action.squash:
            found.append(Form("its tanh", _tanh))
        if action.low or action.squash:
            found.append(Form("its action", lambda raw, limit: acted(action, raw, limit)))
    return found


def acted(action: Continuous, raw: Array, limit: Array) -> Bounded:
    """The action with its squash, scale and bounds; theirs may round each of these once more."""
    ours = np.stack([action.act(row) for row in raw.reshape(-1, raw.shape[-1])]).reshape(raw.shape)
    if action.squash:
        _, limit = _tanh(raw, limit)
    size = np.abs(ours).astype(np.float64)
    if action.rescale:
        limit = limit * action.scale
        size = size + np.abs(action.scale) + np.abs(action.offset)
    # Files print bounds with eight digits; the rest is the rounding of four operations.
    return ours.astype(np.float64), limit + 1e-8 + 5e-7 * size


def _sequences(sizes: Mapping[str, int], width: int) -> list[tuple[str, ...]]:
    """Runs of outputs in the file's order whose sizes add up to the width; at most some hundred."""
    names, found = list(sizes), []

    def search(start: int, chosen: tuple[str, ...], left: int) -> None:
        if left == 0:
            found.append(chosen)
        for index in range(start, len(names)):
            size = sizes[names[index]]
            if 0 < size <= left and len(found) < 300:
                search(index + 1, (*chosen, names[index]), left - size)
    search(0, (), width)
    return found


def _by_head(function: Callable[[Array, Array], Bounded], cuts: Array
             ) -> Callable[[Array, Array], Bounded]:
    def apply(raw: Array, limit: Array) -> Bounded:
        parts = [function(a.astype(np.float64), b) for a, b in zip(
            np.split(raw, cuts, -1), np.split(limit, cuts, -1), strict=True)]
        return (np.concatenate([a for a, _ in parts], -1),
                np.concatenate([b for _, b in parts], -1))
    return apply


def _softmax(x: Array, limit: Array) -> Bounded:
    powers = np.exp(x - x.max(-1, keepdims=True))
    y = powers / powers.sum(-1, keepdims=True)
    moved = np.expm1(np.minimum(2 * limit.max(-1, keepdims=True), 50.0)) + 1e-6
    return y, y * moved + 1e-30


def _log_softmax(x: Array, limit: Array) -> Bounded:
    largest = x.max(-1, keepdims=True)
    y = x - largest - np.log(np.exp(x - largest).sum(-1, keepdims=True))
    return y, 2 * limit.max(-1, keepdims=True) + 1e-6 * (1 + np.abs(x) + np.abs(largest))


def _log_softmax_of_more(x: Array, limit: Array) -> Bounded:
    """Of the usual 1e-7 more; the bound is for any number from 0 to a few EPSILON."""
    exact, bound = _log_softmax(x, limit)
    shares = np.exp(exact)
    y = np.log(shares + 1e-7)
    more = np.log(shares + EPSILON * (x.shape[-1] + 1))
    return y, bound + np.maximum(y - exact, more - y)


def _near(function: Callable[[Array, Array], Bounded], logarithm: bool
          ) -> Callable[[Array, Array], Bounded]:
    """With the small number that is added to a probability before the mask and the logarithm."""
    def apply(x: Array, limit: Array) -> Bounded:
        y, bound = function(x, limit)
        added = EPSILON * (x.shape[-1] + 1)
        with np.errstate(all="ignore"):
            return y, bound + (added / np.exp(y) if logarithm else added)
    return apply


def _allowed(function: Callable[[Array, Array], Bounded]) -> Callable[[Array, Array], Bounded]:
    """What a mask forbids has another number in every file: nothing to compare."""
    def apply(raw: Array, limit: Array) -> Bounded:
        y, bound = function(raw, limit)
        if y.shape == raw.shape:
            y = np.where(raw == lowest("float32")[0], np.nan, y)
        return y, bound
    return apply


def _argmax(x: Array, limit: Array) -> Bounded:
    order = np.sort(x, -1)
    gap = order[..., -1:] - order[..., -2:-1] if x.shape[-1] > 1 else np.full(
        (*x.shape[:-1], 1), np.inf)
    free = gap <= 2 * limit.max(-1, keepdims=True)  # two choices are too near to call
    return x.argmax(-1)[..., None].astype(np.float64), np.where(free, np.inf, 0.0)


def _tanh(x: Array, limit: Array) -> Bounded:
    return np.tanh(x.astype(np.float64)), limit + 5e-7
