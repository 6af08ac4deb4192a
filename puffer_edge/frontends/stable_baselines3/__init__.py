# SPDX-License-Identifier: MIT
"""Stable-Baselines3 and sb3-contrib zips."""

from __future__ import annotations

from puffer_edge.frontends.stable_baselines3.load import load_zip

__all__ = ["load_zip"]
