# SPDX-License-Identifier: MIT
"""Which ops are made of others, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from puffer_edge.exporters.by_op import adding_to
from puffer_edge.exporters.decompose.draft import Draft
from puffer_edge.ir import Op

Decomposition = Callable[[Draft, Any], None]

DECOMPOSITIONS: dict[type[Op], Decomposition] = {}
"""What writes an op as others, by the op."""

decomposes = adding_to(DECOMPOSITIONS)
"""Decorator that puts a function ``(draft, op)`` into :data:`DECOMPOSITIONS`."""
