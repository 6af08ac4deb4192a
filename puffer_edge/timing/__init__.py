# SPDX-License-Identifier: MIT
"""Cycles of a core, from the blocks of code that it executes and what they read from flash."""

from puffer_edge.timing.clock import Clock, Listener
from puffer_edge.timing.core import Core
from puffer_edge.timing.cores import CORES
from puffer_edge.timing.flash import Flash

__all__ = ["CORES", "Clock", "Core", "Flash", "Listener"]
