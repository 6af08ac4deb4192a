# SPDX-License-Identifier: MIT
"""The bound of ``puffer_edge.verification``, by its short name."""

from puffer_edge.verification.error_bound import ErrorBound, Pair, U, gamma

__all__ = ["ErrorBound", "Pair", "U", "gamma"]
