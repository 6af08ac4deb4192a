# SPDX-License-Identifier: MIT
"""Several policies as one: an estimator before an actor."""

from __future__ import annotations

from puffer_edge.composing.in_series import pipeline

__all__ = ["pipeline"]
