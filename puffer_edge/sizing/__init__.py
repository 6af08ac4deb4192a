# SPDX-License-Identifier: MIT
"""Which boards a policy fits on, in which scheme, and what would make it fit: ``doctor``."""

from puffer_edge.sizing.costing import Price, price
from puffer_edge.sizing.doctor import ALL_SCHEMES, examine
from puffer_edge.sizing.exporting import TARGET, made_up
from puffer_edge.sizing.fitting import Row, Verdict
from puffer_edge.sizing.reported import Comparison, compare
from puffer_edge.sizing.step_time import step_time

__all__ = ["ALL_SCHEMES", "TARGET", "Comparison", "Price", "Row", "Verdict", "compare", "examine",
           "made_up", "price", "step_time"]
