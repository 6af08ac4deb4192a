# SPDX-License-Identifier: MIT
"""A policy that fits its board, judged by how it plays: ``fit``."""

from puffer_edge.fitting.budget import Budget
from puffer_edge.fitting.candidate import Candidate, Space
from puffer_edge.fitting.fitter import Settings, fit
from puffer_edge.fitting.practice import Practice
from puffer_edge.fitting.result import Fitted, Row, Verdict
from puffer_edge.fitting.trainer import Effort, Made, Trainer

__all__ = ["Budget", "Candidate", "Effort", "Fitted", "Made", "Practice", "Row", "Settings",
           "Space", "Trainer", "Verdict", "fit"]
