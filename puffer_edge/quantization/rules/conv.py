# SPDX-License-Identifier: MIT
"""Conv in integers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir.ops import Conv, ConvInteger
from puffer_edge.ir.patches import patches
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.linear import prove, rows_of
from puffer_edge.quantization.rule import rule
from puffer_edge.quantization.rules.image import read_image

PATCHES = 4096
"""Patches of recorded inputs that the weights are rounded by."""


@rule(Conv, matrices=lambda op, name: (op.weight,), starts=True)
def conv(op: Conv, emitter: Emitter) -> None:
    """Weights per filter; an observation has one scale, as all its pixels meet all weights."""
    assert op.activation is None or op.activation.function == "relu", "only ReLU is fused here"
    x = read_image(op.x, op, emitter)
    weight = emitter.floats(op.weight)
    assert weight is not None
    bias = emitter.floats(op.bias)
    source = emitter.integers[op.x]
    if not source.per_tensor:
        raise UnsupportedError("a layer without convolution reads the same observation",
                               where=op.layer, hint="export it with --scheme float32")
    inputs = seen(op, emitter.calibration.samples.get(op.x),
                  emitter.program.values[op.x].shape, weight.shape)
    linear = prove(rows_of(weight) * source.scale, np.zeros(len(weight)) if bias is None else bias,
                   source.qparams.largest, source.qparams.zero_point, emitter.ranges.scheme_of(op),
                   op.layer, None if inputs is None else inputs / source.scale, emitter.rounding)
    factors, qparams = emitter.requantization(linear, op.y, emitter.ranges.qparams(op.y, op))
    shaped = replace(linear, weight=linear.weight.reshape(weight.shape))
    emitter.add(ConvInteger(
        x=x, weight=emitter.weights(shaped, op, f"{op.y}.w"),
        bias=emitter.constant(linear.bias, f"{op.y}.b"),
        requantization=emitter.constant(factors, f"{op.y}.requantization"),
        y=op.y, strides=op.strides, pads=op.pads, dilations=op.dilations, group=op.group,
        padding=source.qparams.zero_point, dtype=emitter.ranges.dtype(op.y), quantization=qparams,
        layer=op.layer))
    emitter.declare(op.y, qparams)


def seen(op: Conv, samples: Array | None, shape: tuple[int, ...],
         kernel: tuple[int, ...]) -> Array | None:
    """Patches of recorded inputs, [T, taps]; None of groups, whose filters see different ones.

    Args:
        op: the convolution.
        samples: of its input, a row for every step.
        shape: of its input.
        kernel: shape of its weights.
    """
    if samples is None or op.group != 1:
        return None
    x = samples.reshape(len(samples), *shape[1:])
    x = x[:: max(1, len(x) // 64)].astype(np.float64)
    rows = patches(x, kernel[2:], op.strides, op.pads, op.dilations, 0.0).reshape(
        -1, int(np.prod(kernel[1:])))
    return rows[:: max(1, len(rows) // PATCHES)]
