# SPDX-License-Identifier: MIT
"""Whether integers give the file's own numbers: within a step of an output nearly always."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.quantization.integer_input import integer_input
from puffer_edge.quantization.own.writer import FINE

WITHIN = 0.99
"""Share of the elements that may not be off by more than a step of their output."""

STEPS, FEWEST = 64, 8
"""Observations that are made up to see it; fewer for a network of many products."""
PRODUCTS = 200_000_000
"""Multiplications that are worth it."""


def imagined(program: Program, made: Program, count: int, seed: int = 0) -> Array:
    """Made-up observations [count, n], uniform over what the first rounding does not cut off."""
    random, size = np.random.default_rng(seed), program.contract.observation_size
    given = integer_input(made)
    if given is None:  # something is computed in float before anything is rounded
        drawn = random.standard_normal((count, size))
    else:
        integers = random.uniform(given.rescale.low, given.rescale.high, (count, size))
        drawn = integers * given.scale + given.offset
    observations = drawn.astype(np.float32)
    mask = program.contract.mask
    return observations if mask is None else mask.at_random(observations, random)


def fits(program: Program, made: Program) -> bool:
    """Whether the integer Program gives the numbers of its float reading.

    A step is that of the file's integers; of an output that it does not round, one of 8 bits over
    what the output was.
    """
    steps = min(max(PRODUCTS // max(program.macs, 1), FEWEST), STEPS)
    observations = imagined(program, made, steps)
    ours, theirs = (_outputs(each, observations) for each in (made, program))
    for name, result in zip(theirs, made.outputs, strict=True):
        qparams = made.values[result].quantization
        assert qparams is not None
        step = qparams.scale
        if qparams.high == -qparams.low == FINE:  # the file does not round it
            step = max(step, float(np.ptp(theirs[name])) / 255)
        off = np.abs((ours[name] - qparams.zero_point) * qparams.scale - theirs[name])
        if np.mean(off <= 1.01 * step) < WITHIN:
            return False
    return True


def _outputs(program: Program, observations: Array) -> dict[str, Array]:
    interpreter = Interpreter(program)
    rows = [interpreter.step(x) for x in observations]
    return {name: np.array([row[name] for row in rows], np.float64)
            for name in program.output_names}
