# SPDX-License-Identifier: MIT
"""Text that a file chose, made fit for messages."""

from __future__ import annotations


def printable(text: str, limit: int = 80) -> str:
    """``text`` as short printable ASCII: what a stranger wrote must not steer a terminal."""
    clean = "".join(c if " " <= c <= "~" else "?" for c in text[: limit + 1])
    return clean if len(clean) <= limit else f"{clean[: limit - 3]}..."
