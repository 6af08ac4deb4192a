# SPDX-License-Identifier: MIT
"""C for Gather."""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.exporters.c.loops import nest, row_major
from puffer_edge.ir.ops import Gather


@emits(Gather)
def gather(op: Gather, context: Context) -> None:
    """A loop over a table of indices, around a loop nest."""
    x, y = context.value(op.x), context.value(op.y)
    outer, inner = prod(x.shape[: op.axis]), prod(x.shape[op.axis + 1 :])
    index = context.element(np.array(op.indices), "{t}", "indices", "int32_t")
    context.line(nest(
        [outer, len(op.indices), inner],
        f"({context.out(op.y)})[{{y}}] = ({context.ref(op.x)})[{{x}} + {inner} * "
        f"{index}];",
        {"y": row_major([outer, len(op.indices), inner]),
         "x": [x.shape[op.axis] * inner, 0, 1], "t": [0, 1, 0]}))
    assert y.size == outer * len(op.indices) * inner
