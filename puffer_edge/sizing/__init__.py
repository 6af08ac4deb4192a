# SPDX-License-Identifier: MIT
"""Which boards a policy fits on, in which scheme, and what would make it fit: ``doctor``."""

from puffer_edge.sizing.doctor import ALL_SCHEMES, examine
from puffer_edge.sizing.fitting import Row, Verdict

__all__ = ["ALL_SCHEMES", "Row", "Verdict", "examine"]
