# SPDX-License-Identifier: MIT
"""Seeds of episodes: those that a policy practises on, the search compares by, and the verdict."""

from __future__ import annotations

_ROOM = 1 << 20
"""Seeds of one search."""
_PRACTICE, _SEARCH, _VERDICT, _DISTURBED = (part << 28 for part in (1, 2, 3, 4))


def practice_seeds(seed: int, number: int) -> range:
    """Of the episodes that a set of data is played in."""
    start = _PRACTICE + (seed * 64 + number) % 256 * _ROOM
    return range(start, start + _ROOM)


def search_seeds(seed: int, count: int) -> range:
    """By which candidates are compared: the same for all of them."""
    start = _SEARCH + seed % 256 * _ROOM
    return range(start, start + count)


def verdict_seeds(seed: int, turn: int, count: int) -> range:
    """Of the verdict: new ones for each candidate that comes to it."""
    start = _VERDICT + seed % 256 * _ROOM + turn * count
    return range(start, start + count)


def disturbed_seeds(seed: int, count: int) -> range:
    """Of the episodes in which something goes wrong."""
    start = _DISTURBED + seed % 256 * _ROOM
    return range(start, start + count)
