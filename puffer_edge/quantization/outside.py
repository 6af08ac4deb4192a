# SPDX-License-Identifier: MIT
"""Recorded numbers held against the bounds that the trainer's space has.

A number that the space does not hold was recorded in other units, or after a normaliser that the
policy has inside. So was, very likely, what fills a small part of the space only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UsageError
from puffer_edge.ir import Contract, Field

SLACK = 0.01
"""Part of an element's range by which a number may lie beyond it: noise, and rounding."""

STRAY = 0.01
"""Share of the steps that may: some simulators leave their own space."""

COVERED = 0.1
"""A recording that covers less of an element's range was hardly made in the same units."""

_UNBOUNDED = float(np.finfo(np.float32).max)

_HINT = ("were they recorded in other units, or already normalised? Record what the trainer's "
         "environment gave, before any normaliser; where these bounds are not the policy's, "
         "--observation describes the observation without any")


def refuse_outside(contract: Contract, observations: Array) -> None:
    """Refuses a recording of which more than ``STRAY`` of the steps leave the space.

    Args:
        contract: of the policy, with bounds in its fields.
        observations: [T, n].

    Raises:
        UsageError: which names the field, the step and the number.
    """
    for field, rows in _bounded(contract, observations):
        found = _beyond(field, rows)
        if found.any(1).mean() > STRAY:
            raise UsageError(f"{found.any(1).mean():.0%} of the recorded steps lie outside of the "
                             f"policy's observation space: {_first(field, rows, found)}",
                             hint=_HINT)


def doubts_of_bounds(contract: Contract, observations: Array) -> Iterator[str]:
    """What is doubtful about a recording [T, n] in view of the bounds."""
    for field, rows in _bounded(contract, observations):
        found = _beyond(field, rows)
        if found.any():
            yield (f"{found.any(1).sum():,} of the recorded steps lie outside of the observation "
                   f"space: {_first(field, rows, found)}")
        low, high = _sides(field)
        ranged = (low > -_UNBOUNDED) & (high < _UNBOUNDED) & (high > low)
        seen = np.ptp(rows.astype(np.float64), axis=0)
        if len(field.shape) > 1:  # an image is told as a whole, as most pixels hardly change
            seen = np.full(field.size, float(np.ptp(rows)))
        changing = ranged & (seen > 0)  # what never changes is told apart
        little = changing & (seen < COVERED * (high - low))
        if 2 * little.sum() > changing.sum():
            element = int((seen / np.where(changing, high - low, np.inf)).argmax())
            yield (f"the recording covers less than {COVERED:.0%} of the observation space in "
                   f"{little.sum()} of the {field.size} elements of {field.name}: at most "
                   f"{rows[:, element].min():.4g} to {rows[:, element].max():.4g} (element "
                   f"{element}) of {low[element]:.4g} to {high[element]:.4g}; are the units the "
                   "trainer's, and the numbers not yet normalised?")


def _bounded(contract: Contract, observations: Array) -> Iterator[tuple[Field, Array]]:
    """The fields that have bounds, each with its columns; none where the sizes do not fit."""
    if observations.ndim != 2 or observations.shape[1] != contract.observation_size:
        return
    start = 0
    for field in contract.observation:
        if field.low and len(observations):
            yield field, observations[:, start : start + field.size]
        start += field.size


def _sides(field: Field) -> tuple[Array, Array]:
    low, high = (np.broadcast_to(np.array(side, np.float64), (field.size,))
                 for side in (field.low, field.high))
    return low, high


def _beyond(field: Field, rows: Array) -> Array:
    """[T, size] bool: outside of the space, by more than noise."""
    low, high = _sides(field)
    ranged = (low > -_UNBOUNDED) & (high < _UNBOUNDED)
    span = np.where(ranged, high - low, np.maximum(1, np.minimum(np.abs(low), np.abs(high))))
    return np.asarray((rows < low - SLACK * span) | (rows > high + SLACK * span))


def _first(field: Field, rows: Array, found: Array) -> str:
    step, element = (int(indices[0]) for indices in np.nonzero(found))
    low, high = _sides(field)
    name = field.name if field.size == 1 else f"{field.name}[{element}]"
    return (f"{name} is {rows[step, element]:.6g} in step {step}, and its bounds are "
            f"{low[element]:.6g} and {high[element]:.6g}")
