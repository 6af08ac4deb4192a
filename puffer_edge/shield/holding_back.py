# SPDX-License-Identifier: MIT
"""What of a recording makes a shield, and what only judges it."""

from __future__ import annotations

from puffer_edge.artefact.vectors import npz
from puffer_edge.quantization.recording import Recording

FILE = "shield.npz"
"""Clean observations in an artefact: [T, n], and where episodes begin."""


def parts(recording: Recording) -> tuple[Recording, Recording, Recording]:
    """A half, a quarter, and the quarter that is held back; the last two begin afresh."""
    first, rest = recording.halves()
    return (first, *rest.halves())


def held_back(recording: Recording) -> Recording:
    """The last quarter: nothing of a shield is made of it."""
    return parts(recording)[2]


def clean_bytes(recording: Recording) -> bytes:
    """The content of the file."""
    return npz({"observations": recording.observations, "reset": recording.reset})
