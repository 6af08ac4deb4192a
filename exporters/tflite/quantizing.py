# SPDX-License-Identifier: MIT
"""Sums of products in integers, between a conversion of what goes in and one of what comes out."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.exporters.scales import Integers
from puffer_edge.exporters.tflite.graph import Graph, Option
from puffer_edge.exporters.tflite.writer import Scale, Tensor
from puffer_edge.ir.ops import Conv, Gemm

DTYPES = {8: np.int8, 16: np.int16}


def bits_of(integers: Integers, op: Conv | Gemm, scheme: str) -> int:
    """Of both ends of a layer."""
    return 16 if scheme == "int8x16" or integers.is_fine(op) else 8


def product(graph: Graph, integers: Integers, op: Conv | Gemm, x: int, weight: Array, bias: Array,
            shapes: tuple[tuple[int, ...], tuple[int, ...]], kind: str, versions: dict[int, int],
            *options: Option, y: int | None = None) -> int:
    """QUANTIZE, an operator with a scale per output, DEQUANTIZE.

    Args:
        graph: to write to.
        integers: ranges, and the scales of the weights.
        op: what is written; says which values the ranges are of.
        x: tensor in float32.
        weight: int8, axis 0 the outputs, as the operator wants it.
        bias: one for each output, in real units.
        shapes: of both ends.
        kind: of the operator.
        versions: of the operator, by the bits of its activations.
        options: of the operator.
        y: tensor in float32 that is made; a new one by default.
    """
    bits = bits_of(integers, op, graph.scheme)
    dtype = str(np.dtype(DTYPES[bits]))
    ends = []
    for value, shape in zip((op.x, op.y), shapes, strict=True):
        scale, zero = integers.affine(value, bits)
        ends.append(graph.model.tensor(Tensor(
            _named(graph, "integers"), shape, dtype, None, Scale((float(scale),), (zero,)))))
    scales = integers.weights[op.y][1]
    matrix = graph.model.tensor(Tensor(
        _named(graph, "weight"), weight.shape, "int8", weight,
        Scale(tuple(scales.tolist()), (0,) * len(scales))))
    products = np.float64(integers.affine(op.x, bits)[0]) * scales
    # The operators take sums of so many bits: of 16-bit activations 64.
    limit, whole = (2**30, np.int32) if bits == 8 else (2**38, np.int64)
    start = np.clip(np.round(bias / products), -limit, limit).astype(whole)
    offset = graph.model.tensor(Tensor(
        _named(graph, "bias"), start.shape, str(start.dtype), start,
        Scale(tuple(products.astype(np.float32).tolist()), (0,) * len(products))))
    graph.operator("QUANTIZE", [x], ends[0], version=1 if bits == 8 else 2)
    graph.operator(kind, [ends[0], matrix, offset], ends[1], *options, version=versions[bits])
    made = graph.fresh(shapes[1]) if y is None else y
    return graph.operator("DEQUANTIZE", [ends[1]], made, version=2 if bits == 8 else 3)


def _named(graph: Graph, stem: str) -> str:
    return f"{stem}_{len(graph.model.tensors)}"
