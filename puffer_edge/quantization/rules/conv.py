"""Conv in integers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir.ops import Conv, ConvInteger
from puffer_edge.ir.ops.conv_integer import patches
from puffer_edge.quantization.linear import prove
from puffer_edge.quantization.rules.registry import Array, rows_of, rule

if TYPE_CHECKING:
    from puffer_edge.quantization.quantize import Quantizer

PATCHES = 4096
"""Patches of recorded inputs that the weights are rounded by."""


@rule(Conv, matrices=lambda op, name: (op.weight,), starts=True)
def conv(op: Conv, quantizer: Quantizer) -> None:
    """Weights per filter; an observation has one scale, as all its pixels meet all weights."""
    assert op.activation is None or op.activation.function == "relu", "only ReLU is fused here"
    x = quantizer.whole(op.x, op)
    weight = quantizer.floats(op.weight)
    assert weight is not None
    bias = quantizer.floats(op.bias)
    source = quantizer.integers[op.x]
    if source.size.size != 1:
        raise UnsupportedError("a layer without convolution reads the same observation",
                               where=op.layer, hint="export it with --scheme float32")
    inputs = seen(op, quantizer.calibration.samples.get(op.x),
                  quantizer.program.values[op.x].shape, weight.shape)
    linear = prove(rows_of(weight) * source.size, np.zeros(len(weight)) if bias is None else bias,
                   source.meaning.largest, source.meaning.zero_point, quantizer.scheme_of(op),
                   op.layer, None if inputs is None else inputs / source.size)
    factors, meaning = quantizer.requantization(linear, op.y, quantizer.meaning(op.y, op))
    shaped = replace(linear, weight=linear.weight.reshape(weight.shape))
    quantizer.add(ConvInteger(
        x=x, weight=quantizer.weights(shaped, op, f"{op.y}.w"),
        bias=quantizer.constant(linear.bias, f"{op.y}.b"),
        requantization=quantizer.constant(factors, f"{op.y}.requantization"),
        y=op.y, strides=op.strides, pads=op.pads, dilations=op.dilations, group=op.group,
        padding=source.meaning.zero_point, dtype=quantizer.dtype(op.y, op), quantization=meaning,
        layer=op.layer))
    quantizer.made(op.y, meaning)


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
