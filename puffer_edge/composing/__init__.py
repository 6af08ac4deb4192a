# SPDX-License-Identifier: MIT
"""Several policies as one: an estimator before an actor, or skills that act in turn."""

from __future__ import annotations

from puffer_edge.composing.in_series import pipeline
from puffer_edge.composing.in_turn import switch

__all__ = ["pipeline", "switch"]
