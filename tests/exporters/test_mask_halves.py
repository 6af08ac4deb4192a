# SPDX-License-Identifier: MIT
"""A mask's element of at least one half counts as 1, any other as 0, however a policy runs."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge import runtimes
from puffer_edge.ir.ops import Mask, Slice
from tests import zoo

HALF = np.float32(0.5)
FLAGS = np.array([HALF, np.nextafter(HALF, np.float32(0)), 0.75, 0.25, 1, 0,
                  np.nextafter(HALF, np.float32(1))], np.float32)
ONES = [True, False, True, False, True, False, True]


@pytest.mark.parametrize("forbids", [False, True])
@pytest.mark.parametrize("backend", [name for name in runtimes.BACKENDS if name != "micropython"])
def test_one_half_counts_as_one(backend: str, forbids: bool) -> None:
    size = len(FLAGS)
    bench = zoo.Bench((1, 2 * size))
    logits, mask = (bench.op(Slice, x=bench.x, starts=(0, start), counts=(1, size), steps=(1, 1))
                    for start in (0, size))
    program = bench.program(bench.op(Mask, x=logits, mask=mask, forbids=forbids))
    numbers = np.arange(size, dtype=np.float32)
    with runtimes.load(program, backend) as policy:
        policy.step(np.concatenate([numbers, FLAGS]))
        found = np.asarray(policy.outputs["logits"]).reshape(-1)
    taken = np.array(ONES) != forbids
    assert (found[taken] == numbers[taken]).all() and (found[~taken] < -1e38).all()
