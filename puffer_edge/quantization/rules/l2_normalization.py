# SPDX-License-Identifier: MIT
"""L2Normalization in integers: L2 and RMS norms by one reciprocal root per row."""

from __future__ import annotations

from math import prod, sqrt

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir.ops import L2Normalization, L2NormalizationInteger
from puffer_edge.ir.reciprocal_root import LARGEST_ROW, SHIFTS, root_table
from puffer_edge.ir.value import Quantization
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.rule import rule
from puffer_edge.quantization.rules.binary import operand
from puffer_edge.quantization.rules.rows import name_of, settle

LARGEST_ADDED = 2**29 - 1


@rule(L2Normalization)
def l2_normalization(op: L2Normalization, emitter: Emitter) -> None:
    """Epsilon and floor in squares of x's steps, halved as often as the numbers are."""
    name, source = operand(op.x, f"{op.y}.x", False, emitter)
    count = prod(emitter.program.values[op.x].shape[op.axis :])
    squares = (count if op.mean else 1) / source.scale**2  # of 1 under the root
    added = [op.epsilon * squares / 4.0**k for k in range(SHIFTS)]
    floor = [op.floor**2 * squares / 4.0**k for k in range(SHIFTS)]
    if count > LARGEST_ROW or max(added[-1], floor[-1]) > LARGEST_ADDED:
        raise UnsupportedError(
            f"rows of {count} elements are too long to be normalised in integers"
            if count > LARGEST_ROW else
            "what this layer normalises is so small that its epsilon decides alone",
            where=op.layer or op.y, hint="export it with --scheme float32")
    largest = sqrt(count) if op.mean else 1.0
    qparams, made = Quantization(largest / 2**15, 0, -32768, 32767), name_of(op, emitter)
    steps = (np.array([min(max(round(each), least), LARGEST_ADDED) for each in row], np.int32)
             for row, least in ((added, 0), (floor, 1)))
    emitter.add(L2NormalizationInteger(
        x=name, added=emitter.constant(next(steps), f"{op.y}.added"),
        floor=emitter.constant(next(steps), f"{op.y}.floor"),
        table=emitter.constant(root_table(), "reciprocal_root"), y=made, axis=op.axis,
        zero_point=source.zero_point,
        shift=next(k for k in range(SHIFTS) if max(added[k], floor[k]) <= LARGEST_ADDED),
        quantization=qparams, layer=op.layer))
    settle(op, made, qparams, (-largest, largest), emitter)
