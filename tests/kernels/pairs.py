# SPDX-License-Identifier: MIT
"""Rows in which every pair of values of any two columns occurs, by a greedy search."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import combinations, product
from typing import TypeVar

Value = TypeVar("Value")
Row = tuple[Value, ...]
TRIES = 24


def covering(columns: Sequence[Sequence[Value]], allowed: Callable[[Row], bool]) -> list[Row]:
    """The rows, those first that bring most pairs.

    Args:
        columns: the values of each.
        allowed: whether a row can be; pairs that are in no such row are left out.
    """
    choose = random.Random(0)
    rows = [row for row in product(*columns) if allowed(row)]
    open_pairs = {pair for row in rows for pair in pairs(row)}
    by_pair: dict[tuple[int, Value, int, Value], list[Row]] = {}
    for row in rows:
        for pair in pairs(row):
            by_pair.setdefault(pair, []).append(row)
    found = []
    while open_pairs:
        wanted = by_pair[min(open_pairs, key=repr)]
        best = max((choose.choice(wanted) for _ in range(TRIES)),
                   key=lambda row: len(pairs(row) & open_pairs))
        found.append(best)
        open_pairs -= pairs(best)
    return found


def pairs(row: Row) -> set[tuple[int, Value, int, Value]]:
    """The pairs of a row: column and value, twice."""
    return {(i, row[i], j, row[j]) for i, j in combinations(range(len(row)), 2)}
