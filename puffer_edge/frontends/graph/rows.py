# SPDX-License-Identifier: MIT
"""Whether one row of a graph with a fixed batch may stand for a step: told by numbers."""

from __future__ import annotations

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program


def check_rows(one: Program, whole: Program, rows: int, where: str) -> None:
    """Raises UnsupportedError where a row of the whole batch is not what one row alone gives.

    Args:
        one: the Program of one row.
        whole: the same graph with all rows as its observation, one after another.
        rows: how many.
        where: for the message.
    """
    x = np.random.default_rng(0).standard_normal((rows, one.contract.observation_size))
    alone = Interpreter(one)
    each = []
    for row in x.astype(np.float32):
        alone.reset()
        each.append(alone.step(row)[one.output_names[0]].reshape(-1))
    together = Interpreter(whole).step(x.astype(np.float32))[whole.output_names[0]]
    if together.size != np.size(each) or not np.allclose(
            together.reshape(rows, -1), each, rtol=0, atol=1e-3 * float(np.abs(each).max())):
        raise UnsupportedError("the graph mixes the rows of its fixed batch", where=where,
                               hint="export it with a batch of 1, or give --observation with all "
                                    "elements if the rows are one observation")
