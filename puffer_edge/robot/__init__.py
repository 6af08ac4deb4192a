# SPDX-License-Identifier: MIT
"""What lies between a network and a robot: read, checked, compared, and computed in numpy."""

from __future__ import annotations

from puffer_edge.robot.checking import check, check_fit
from puffer_edge.robot.contract import Action, RobotContract, Term

__all__ = ["Action", "RobotContract", "Term", "check", "check_fit"]
