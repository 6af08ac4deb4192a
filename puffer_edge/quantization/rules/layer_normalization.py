# SPDX-License-Identifier: MIT
"""LayerNormalization in integers: the row by itself, then a product and a sum with constants."""

from __future__ import annotations

from math import prod, sqrt

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir.ops import LayerNormalization, LayerNormalizationInteger
from puffer_edge.ir.reciprocal_root import LARGEST_ROW, SHIFTS, root_table
from puffer_edge.ir.requantization import choose
from puffer_edge.ir.value import Quantization
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.rule import rule
from puffer_edge.quantization.rules.binary import affine, operand

LARGEST_EPSILON = 2**29 - 1


@rule(LayerNormalization)
def layer_normalization(op: LayerNormalization, emitter: Emitter) -> None:
    """Epsilon in squares of x's steps, halved as often as the deviations are."""
    name, source = operand(op.x, f"{op.y}.x", False, emitter)
    count = prod(emitter.program.values[op.x].shape[op.axis :])
    steps = op.epsilon * count / source.scale**2
    epsilon = [steps / 4.0**k for k in range(SHIFTS)]
    if count > LARGEST_ROW or epsilon[-1] > LARGEST_EPSILON:
        raise UnsupportedError(
            f"rows of {count} elements are too long to be normalised in integers"
            if count > LARGEST_ROW else
            "what this layer normalises is so small that its epsilon decides alone",
            where=op.layer or op.y, hint="export it with --scheme float32")
    bound = count * (source.largest + abs(source.zero_point))
    qparams = Quantization(sqrt(count) / 2**15, 0, -32768, 32767)
    made, constant = f"{op.y}.normal", emitter.constant
    emitter.add(LayerNormalizationInteger(
        x=name, mean=constant(np.array(choose(1 / count, bound), np.int32), f"{made}.mean"),
        epsilon=constant(np.array([min(round(each), LARGEST_EPSILON) for each in epsilon],
                                  np.int32), f"{made}.epsilon"),
        table=constant(root_table(), "reciprocal_root"), y=made, axis=op.axis,
        zero_point=source.zero_point,
        shift=next(k for k, each in enumerate(epsilon) if each <= LARGEST_EPSILON),
        quantization=qparams, layer=op.layer))
    emitter.declare(made, qparams)
    scale, bias = emitter.floats(op.scale), emitter.floats(op.bias)
    assert scale is not None
    affine((made, qparams), scale, bias, op, emitter)
