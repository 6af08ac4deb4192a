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


TEXTS = {
    Status.BAD_OBSERVATION: "the observation holds NaN or infinite values",
    Status.BAD_STATE: "the policy would remember NaN or infinite values",
    Status.BAD_OUTPUT: "the policy's outputs would be NaN or infinite values",
}
"""For messages."""


def refusal(status: int) -> StepError:
    """The error of a step that was refused."""
    known = Status(status)
    hint = "" if known is Status.BAD_OBSERVATION else (
        "the observation is far outside of what the policy was trained on")
    return StepError(TEXTS[known], int(known), hint=hint)


def check_finite(arrays: Iterable[npt.NDArray[Any]], status: Status) -> None:
    """Refuses the step where a number is NaN or infinite.

    Raises:
        StepError: with that status.
    """
    if not all(np.isfinite(array).all() for array in arrays):
        raise refusal(status)
