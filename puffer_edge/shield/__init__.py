# SPDX-License-Identifier: MIT
"""What stands between a policy and the world: observations, actions and times that may be."""

from __future__ import annotations

from puffer_edge.shield.fitting import fit
from puffer_edge.shield.shield import Shield
from puffer_edge.shield.wish import Wish, read_shield

__all__ = ["Shield", "Wish", "fit", "read_shield"]
