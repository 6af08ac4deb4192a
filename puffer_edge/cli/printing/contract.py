# SPDX-License-Identifier: MIT
"""A policy's action in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def action_words(action: Mapping[str, Any]) -> str:
    """Kind, sizes and bounds of an action, as its manifest has them."""
    if action["kind"] == "hybrid":
        return f"{action_words(action['continuous'])}; {action_words(action['discrete'])}"
    if action["kind"] == "discrete":
        return "discrete, " + " x ".join(f"{size} choices" for size in action["sizes"])
    how = [word for word in ("squash", "rescale") if action[word]]
    bounds = f"in [{min(action['low'])}, {max(action['high'])}]" if action["low"] else "unbounded"
    return " ".join(["continuous,", str(action["size"]), "elements,", bounds, *how])
