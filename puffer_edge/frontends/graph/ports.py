# SPDX-License-Identifier: MIT
"""Declared inputs and outputs of a graph."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """An input or output of the graph.

    Attributes:
        name: in the file.
        shape: with 1 for what is dynamic; of an output, None for what is not declared.
        dtype: the format's number of the type.
    """

    name: str
    shape: tuple[int | None, ...] | None
    dtype: int = 1

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape of an input."""
        return tuple(n or 1 for n in self.shape or ())

    def fits(self, other: Port) -> bool:
        """Whether both can be one state: equal shapes, as far as they are declared."""
        if self.shape is None or other.shape is None:
            return True
        return len(self.shape) == len(other.shape) and all(
            a == b or a is None or b is None
            for a, b in zip(self.shape, other.shape, strict=True))
