# SPDX-License-Identifier: MIT
"""A node of a graph: what a lowering says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from puffer_edge.errors import UnsupportedError
from puffer_edge.readers.text import printable


@dataclass(frozen=True)
class Node:
    """One op of the source.

    Attributes:
        op_type: the format's name of the op.
        layer: the node's own name, or that of its first output.
        inputs, outputs: value names; an empty one is absent.
        where: file and node, for messages.
    """

    op_type: str
    layer: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    where: str

    def refuse(self, what: str, hint: str = "") -> UnsupportedError:
        """The error of a node that is sound but cannot be lowered; the caller raises it."""
        return UnsupportedError(f"{self.op_type}: {printable(what, 300)}", where=self.where,
                                hint=hint)
