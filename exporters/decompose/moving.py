# SPDX-License-Identifier: MIT
"""What only moves elements, as arithmetic that changes no bit."""

from __future__ import annotations

import numpy as np

from puffer_edge.exporters.decompose.draft import Draft
from puffer_edge.exporters.decompose.registry import decomposes
from puffer_edge.ir.ops import Expand


@decomposes(Expand)
def expand(draft: Draft, op: Expand) -> None:
    """A product with ones."""
    draft.binary("mul", op.x, np.ones(op.shape), op.y)
