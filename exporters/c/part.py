# SPDX-License-Identifier: MIT
"""The body of a function."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from puffer_edge.exporters.c.context import C_TYPES, MEMORY


@dataclass
class Part:
    """The body of a function; ``lines`` are statements."""

    lines: list[str] = field(default_factory=list)

    @property
    def memories(self) -> list[tuple[str, str, str]]:
        """Name, element type and member of the pointers into the arena that occur in it."""
        return [(pointer, C_TYPES[dtype], dtype) for dtype, pointer in sorted(MEMORY.items())
                if self.uses(pointer)]

    def uses(self, word: str) -> bool:
        """Whether a word occurs in it."""
        return re.search(rf"\b{word}\b", "\n".join(self.lines)) is not None
