# SPDX-License-Identifier: MIT
"""What is doubtful about a recording: too short, too narrow, or of two kinds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Contract
from puffer_edge.quantization.agreement import Agreement
from puffer_edge.quantization.describing import Range
from puffer_edge.quantization.outside import doubts_of_bounds
from puffer_edge.quantization.recording import Recording

OUTSIDE = 0.05
"""Share of held-back steps beyond what was calibrated that says that the halves are of two kinds.
Features have three times the room that was seen, so that it is 0 where both are alike."""

BEYOND = 0.5
"""How far a number may lie beyond what the first half saw, in parts of that range."""

NAMED = 4
"""So many elements are named, the others counted."""


def doubts(contract: Contract, seen: Recording, held_back: Recording, ranges: Iterable[Range],
           agreement: Agreement) -> Iterator[str]:
    """What the user should know of a recording.

    Args:
        contract: of the policy.
        seen: the half that calibrated.
        held_back: the half that judges.
        ranges: of the integer Program, with what the held-back half was.
        agreement: over the held-back half.
    """
    if agreement.verdict == "failed":
        yield f"verify will fail: {agreement.text}"
    elif agreement.verdict == "not judged":
        yield f"too few steps to judge by, record {wanted(agreement):,} more: {agreement.text}"
    yield from doubts_of_recording(contract, seen, held_back)
    cut = [row for row in ranges if row.steps > OUTSIDE]
    if cut:
        worst = max(cut, key=lambda row: row.steps)
        yield (f"{worst.steps:.0%} of the held-back steps have numbers of {worst.value!a} that are "
               f"cut off, as the half that calibrated had none such"
               + (f" (and so in {len(cut) - 1} more values)" if len(cut) > 1 else "")
               + ": record more episodes, from other starts")


def doubts_of_recording(contract: Contract, seen: Recording, held_back: Recording
                        ) -> Iterator[str]:
    """Those that do not depend on what is made of it; its two halves as in :func:`doubts`."""
    everything = np.concatenate([seen.observations, held_back.observations])
    yield from _constant(contract, everything)
    yield from doubts_of_bounds(contract, everything)
    yield from _halves(contract, seen.observations, held_back.observations)


def wanted(agreement: Agreement, recorded: int = 2) -> int:
    """Steps to record beside those that there are; two digits will do.

    Args:
        agreement: of them.
        recorded: steps for each that judges: 2 where one half calibrates, 1 where all judge.
    """
    more = recorded * agreement.missing
    digits: int = 10 ** max(len(str(more)) - 2, 0)
    return math.ceil(more / digits) * digits


def _constant(contract: Contract, observations: Array) -> Iterator[str]:
    """Elements that never change: a sensor that was not connected, a command that was not given."""
    still = np.ptp(observations, axis=0) == 0
    if contract.mask is not None:
        still[contract.mask.part] = False
    names = [name for name, alone, is_still in zip(*_names(contract), still, strict=True)
             if alone and is_still]
    if names:
        yield f"in no step of the recording does this change: {_listed(names)}"


def _halves(contract: Contract, seen: Array, held_back: Array) -> Iterator[str]:
    low, high = seen.min(0).astype(np.float64), seen.max(0).astype(np.float64)
    room = BEYOND * (high - low)
    outside = (held_back < low - room) | (held_back > high + room)
    share = float(outside.any(1).mean())
    if share > OUTSIDE:
        worst = int(outside.mean(0).argmax())
        name = _names(contract)[0][worst]
        yield (f"{share:.0%} of the held-back steps lie far outside of what the other half saw; "
               f"{name} was {low[worst]:.3g} to {high[worst]:.3g} there and "
               f"{held_back[:, worst].min():.3g} to {held_back[:, worst].max():.3g} here: record "
               "more episodes, from other starts")


def _names(contract: Contract) -> tuple[list[str], list[bool]]:
    """Name of each element of the observation, and whether it means something by itself."""
    names, alone = [], []
    for field in contract.observation:
        single = field.size == 1
        names += [field.name if single else f"{field.name}[{i}]" for i in range(field.size)]
        alone += [len(field.shape) < 2] * field.size  # pixels are many, and often still
    return names, alone


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
