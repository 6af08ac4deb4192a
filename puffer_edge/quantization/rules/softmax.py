# SPDX-License-Identifier: MIT
"""Softmax in integers: two tables of exp and one of the reciprocal."""

from __future__ import annotations

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir.ops import Softmax, SoftmaxInteger
from puffer_edge.ir.ops.softmax_integer import (
    LARGEST_AXIS,
    LARGEST_SCALE,
    distance_factor,
    power_table,
    reciprocal_table,
)
from puffer_edge.ir.value import Quantization
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.rule import rule
from puffer_edge.quantization.rules.binary import operand
from puffer_edge.quantization.rules.rows import name_of, settle


@rule(Softmax)
def softmax(op: Softmax, emitter: Emitter) -> None:
    """Only differences count, so a zero point does not."""
    name, source = operand(op.x, f"{op.y}.x", False, emitter)
    size = emitter.program.values[op.x].shape[op.axis]
    if size > LARGEST_AXIS:
        raise UnsupportedError(f"a softmax over {size} elements is too long for integers",
                               where=op.layer or op.y, hint="export it with --scheme float32")
    if source.scale > LARGEST_SCALE:
        raise UnsupportedError(
            f"numbers of up to {source.scale * source.largest:.0e} before a softmax leave nothing "
            "of their differences in integers", where=op.layer or op.y,
            hint="export it with --scheme float32")
    multiplier, shift = distance_factor(source.scale)
    qparams, made = Quantization(2.0**-15, 0, 0, 32767), name_of(op, emitter)
    emitter.add(SoftmaxInteger(
        x=name, powers=emitter.constant(power_table(), "powers"),
        reciprocals=emitter.constant(reciprocal_table(), "reciprocals"), y=made, axis=op.axis,
        multiplier=multiplier, shift=shift, layer=op.layer))
    settle(op, made, qparams, (0.0, 1.0), emitter)
