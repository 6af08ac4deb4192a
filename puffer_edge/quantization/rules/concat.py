# SPDX-License-Identifier: MIT
"""Concat in integers: parts keep their scales for a matrix, or get that of the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puffer_edge.ir import Quantization
from puffer_edge.ir.ops import Concat
from puffer_edge.quantization.emit import Emitter, Integer
from puffer_edge.quantization.rule import rule


@rule(Concat, joins=True)
def concat(op: Concat, emitter: Emitter) -> None:
    """A part whose scale differs goes through a table; a float one is quantised.

    What only matrices read has every part's scale in their columns.
    """
    if op.y in emitter.ranges.columns:
        emitter.add(replace(op, xs=tuple(emitter.integers[name].name for name in op.xs)))
        emitter.integers[op.y] = _per_channel(op, emitter)
        return
    qparams, dtype = emitter.ranges.qparams(op.y, op), emitter.ranges.dtype(op.y)
    parts = tuple(emitter.requantized(name, qparams, dtype, f"{op.y}.{i}", op.layer)
                  for i, name in enumerate(op.xs))
    emitter.add(replace(op, xs=parts))
    emitter.declare(op.y, qparams)


def _per_channel(op: Concat, emitter: Emitter) -> Integer:
    """Parts that keep their scales, as features do."""
    parts = [emitter.integers[name] for name in op.xs]
    widths = [emitter.program.values[name].shape[-1] for name in op.xs]
    qparams = [part.qparams for part in parts]
    return Integer(
        op.y, Quantization(1.0, 0, min(q.low for q in qparams), max(q.high for q in qparams)),
        np.repeat([q.scale for q in qparams], widths),
        np.repeat([-q.scale * q.zero_point for q in qparams], widths))
