# SPDX-License-Identifier: MIT
"""What is asked of a policy with rounded weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from puffer_edge.errors import UsageError
from puffer_edge.quantization.agreement import AGREEMENT, Limits


@dataclass(frozen=True)
class Demands:
    """What is asked of a policy with rounded weights.

    Attributes:
        min_agreement: least share of greedy actions equal to the float policy's.
        max_error: largest mean error of a continuous action, relative to the deviation of the float
            policy's; by default that of the scheme.

    Raises:
        UsageError: one of them is none.
    """

    min_agreement: float = AGREEMENT
    max_error: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.min_agreement <= 1:
            raise UsageError(f"an agreement of {self.min_agreement:g} is no share of the steps",
                             hint="give one between 0 and 1")
        if self.max_error is not None and not 0 < self.max_error < math.inf:
            raise UsageError(f"an error of {self.max_error:g} cannot be asked for",
                             hint="give a part of the actions' deviation, as 0.04")

    def limits(self, manifest: dict[str, Any]) -> Limits:
        """What that means for the artefact of that manifest."""
        layers = manifest.get("quantization", {}).get("layers", [])
        schemes = {str(layer["scheme"]) for layer in layers} or {str(manifest["scheme"])}
        return Limits.of(schemes, self.min_agreement, self.max_error)
