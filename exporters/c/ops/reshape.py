# SPDX-License-Identifier: MIT
"""C for Reshape: none."""

from __future__ import annotations

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.ir.ops import Reshape


@emits(Reshape)
def reshape(op: Reshape, context: Context) -> None:
    """The output lies where the input does; see :meth:`Context.ref`."""
