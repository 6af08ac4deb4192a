# SPDX-License-Identifier: MIT
"""Which ops are made of others, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from puffer_edge.exporters.decompose.draft import Draft
from puffer_edge.ir import Op

Decomposition = Callable[[Draft, Any], None]

DECOMPOSITIONS: dict[type[Op], Decomposition] = {}
"""What writes an op as others, by the op."""


def decomposes(kind: type[Op]) -> Callable[[Decomposition], Decomposition]:
    """Decorator that puts a function ``(draft, op)`` into :data:`DECOMPOSITIONS`."""

    def add(function: Decomposition) -> Decomposition:
        DECOMPOSITIONS[kind] = function
        return function

    return add
