# SPDX-License-Identifier: MIT
"""A Program beside torch, step by step, and the bound on their difference."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from tests.error_bound import ErrorBound

SERIES = 1e-5
"""What series of angles and constants such as ln 2 are off by, after some layers: the bound is on
the rounding of the Program, which holds them as they are."""

MOST = 2e-3
"""Of the largest result: what rounding may make of any policy here, whatever the bound allows.

A comparison with a number that lies nearby has a bound that allows anything.
"""


def agree(program: Program, reference: Any, differences: dict[str, Any], *shape: int,
          steps: int = 6) -> float:
    """Asserts the bound of ``tests/error_bound.py`` for each step, with the state running freely.

    Args:
        program: ours.
        reference: a function of a tensor with a batch of 1.
        differences: what constants that the front end computed may be off by.
        shape: of the observation.
        steps: that are compared.

    Returns:
        The largest bound in proportion to the results.
    """
    runner, bound = Interpreter(program), ErrorBound(program, differences)
    random = np.random.default_rng(prod(shape))
    loosest = 0.0
    for _ in range(steps):
        x = random.standard_normal(prod(shape)).astype(np.float32)
        limits, ours = bound.step(runner.values(x)), runner.step(x)
        with torch.no_grad():
            theirs = reference(torch.from_numpy(x.reshape(1, *shape))).numpy().astype(np.float64)
        ((name, mine),) = ours.items()
        assert mine.shape == (theirs.size,)
        away = np.abs(mine - theirs.reshape(-1))
        allowed = np.where(np.isnan(limits[name]), np.inf, limits[name])  # 0 times no bound
        assert np.all(away <= allowed + SERIES * (1 + np.abs(theirs.reshape(-1))))
        assert away.max() <= MOST * (1 + np.abs(theirs).max())
        loosest = max(loosest, float(limits[name].max() / (np.abs(theirs).max() + 1e-6)))
    return loosest
