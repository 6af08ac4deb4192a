# SPDX-License-Identifier: MIT
"""Sine and cosine of a phase against numpy's, in float64."""

from __future__ import annotations

import numpy as np

from puffer_edge.robot.sine import turn


def test_it_is_right_to_two_parts_in_ten_million() -> None:
    phases = np.linspace(0, 1, 10_001, dtype=np.float32)[:-1]
    found = np.array([turn(phase) for phase in phases], float)
    angles = 2 * np.pi * phases.astype(float)
    assert np.abs(found - np.stack([np.sin(angles), np.cos(angles)], 1)).max() < 2e-7
    assert np.abs(found).max() <= 1 + 1e-7


def test_quarters_meet() -> None:
    for quarter in range(4):
        sine, cosine = turn(np.float32(quarter / 4))
        assert (abs(float(sine)), abs(float(cosine))) in [(0, 1), (1, 0)] or abs(
            abs(float(sine)) + abs(float(cosine)) - 1) < 1e-7
