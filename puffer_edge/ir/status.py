# SPDX-License-Identifier: MIT
"""What a step says of itself; the same numbers as in C."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from puffer_edge.errors import StepError


class Status(IntEnum):
    """Whatever is not OK leaves state and action as they were before the step."""

    OK = 0
    BAD_OBSERVATION = 1
    BAD_STATE = 2
    BAD_OUTPUT = 3
    NO_CHOICE = 4


TEXTS = {
    Status.BAD_OBSERVATION: "the observation holds NaN or infinite values",
    Status.BAD_STATE: "the policy would remember NaN or infinite values",
    Status.BAD_OUTPUT: "the policy's outputs would be NaN or infinite values",
    Status.NO_CHOICE: "the mask forbids every choice of a head",
}
"""For messages."""


def refusal(status: int) -> StepError:
    """The error of a step that was refused."""
    known = Status(status)
    far = "the observation is far outside of what the policy was trained on"
    hint = {Status.BAD_OBSERVATION: "", Status.NO_CHOICE: "leave at least one in each head"}
    return StepError(TEXTS[known], int(known), hint=hint.get(known, far))


def check_finite(arrays: Iterable[npt.NDArray[Any]], status: Status) -> None:
    """Refuses the step where a number is NaN or infinite.

    Raises:
        StepError: with that status.
    """
    if not all(np.isfinite(array).all() for array in arrays):
        raise refusal(status)
