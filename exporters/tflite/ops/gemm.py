"""Linear layers: in float32, with weights of 8 bits, or in integers between two conversions."""

from __future__ import annotations

from math import prod

import numpy as np

from puffer_edge.exporters.scales import Integers, per_channel
from puffer_edge.exporters.tflite.graph import Graph
from puffer_edge.exporters.tflite.registry import emits
from puffer_edge.exporters.tflite.writer import Scale, Tensor
from puffer_edge.ir.op import Array
from puffer_edge.ir.ops import Binary, Gemm, Reshape, Split

DTYPES = {8: np.int8, 16: np.int16}


@emits(Gemm)
def emit(graph: Graph, op: Gemm) -> None:
    """See :class:`Gemm`."""
    weight = graph.program.constants[op.weight]
    bias = (graph.program.constants[op.bias] if op.bias
            else np.zeros(len(weight), np.float32))
    if graph.integers is not None:
        _integers(graph, graph.integers, op, weight, bias)
        return
    if graph.scheme == "dynamic":
        _dynamic(graph, op, weight, bias)
        return
    keep = len(graph.shape(op.x)) != 2
    graph.operator("FULLY_CONNECTED", [graph.tensor(op.x), graph.tensor(op.weight),
                                       graph.constant(bias)],
                   graph.tensor(op.y), (2, "Bool", keep), version=5 if keep else 1)


def _dynamic(graph: Graph, op: Gemm, weight: Array, bias: Array) -> None:
    """Integers times x, then a factor and a bias per output.

    A scale per output inside of FULLY_CONNECTED would be version 12, of which older runtimes
    compute garbage.
    """
    whole, scales = per_channel(weight)
    matrix = graph.model.tensor(Tensor(f"weight_{len(graph.model.tensors)}", whole.shape, "int8",
                                       whole, Scale((1.0,), (0,))))
    keep, version = len(graph.shape(op.x)) != 2, 3
    if keep or _is_near_outside(graph, op.x):
        # What has features of its own scales is not rounded by one.
        matrix = graph.operator("DEQUANTIZE", [matrix], weight.shape, version=2)
        version = 5 if keep else 1
    shape = graph.shape(op.y)
    nothing = graph.constant(np.zeros(len(weight), np.float32))
    sums = graph.operator("FULLY_CONNECTED", [graph.tensor(op.x), matrix, nothing], shape,
                          (2, "Bool", keep), version=version)
    scaled = graph.operator("MUL", [sums, graph.constant(scales)], shape)
    graph.operator("ADD", [scaled, graph.constant(bias)], graph.tensor(op.y))


def _is_near_outside(graph: Graph, value: str) -> bool:
    """The observation or a state, also in another shape."""
    program = graph.program
    made = program.producers()
    while isinstance(op := made.get(value), Reshape):
        value = op.x
    return value not in made or value in program.results


def _rounded(graph: Graph, weight: Array) -> int:
    """One scale for all: with one per output, version 12, older runtimes compute garbage."""
    scale = np.float32(max(float(np.abs(weight).max()) / 127, 1e-12))
    whole = np.clip(np.round(weight / scale), -127, 127).astype(np.int8)
    return graph.model.tensor(Tensor(f"weight_{len(graph.model.tensors)}", whole.shape, "int8",
                                     whole, Scale((float(scale),), (0,))))


def _integers(graph: Graph, integers: Integers, op: Gemm, weight: Array, bias: Array) -> None:
    """QUANTIZE, FULLY_CONNECTED with a scale per output, DEQUANTIZE."""
    bits = 16 if graph.scheme == "int8x16" or _is_fine(graph, integers, op) else 8
    dtype = str(np.dtype(DTYPES[bits]))
    # Two axes only: with more, the reference kernels of tflite-runtime 2.14 compute garbage.
    rows = prod(graph.shape(op.x)[:-1])
    flat = [(rows, graph.shape(value)[-1]) for value in (op.x, op.y)]
    ends = []
    for value, shape in zip((op.x, op.y), flat, strict=True):
        scale, zero = integers.affine(value, bits)
        name = f"integers_{len(graph.model.tensors)}"
        ends.append(graph.model.tensor(Tensor(name, shape, dtype, None,
                                              Scale((float(scale),), (zero,)))))
    whole, scales = per_channel(weight)
    matrix = graph.model.tensor(Tensor(
        f"weight_{len(graph.model.tensors)}", whole.shape, "int8", whole,
        Scale(tuple(scales.tolist()), (0,) * len(scales))))
    products = np.float64(integers.affine(op.x, bits)[0]) * scales
    kind = np.int32 if bits == 8 else np.int64
    limit = 2**30 if bits == 8 else 2**38
    start = np.clip(np.round(bias / products), -limit, limit).astype(kind)
    offset = graph.model.tensor(Tensor(
        f"bias_{len(graph.model.tensors)}", start.shape, str(start.dtype), start,
        Scale(tuple(products.astype(np.float32).tolist()), (0,) * len(products))))
    x = graph.tensor(op.x)
    if graph.shape(op.x) != flat[0]:
        x = graph.operator("RESHAPE", [x, graph.constant(list(flat[0]))], flat[0])
    graph.operator("QUANTIZE", [x], ends[0], version=1 if bits == 8 else 2)
    graph.operator("FULLY_CONNECTED", [ends[0], matrix, offset], ends[1],
                   version=4 if bits == 8 else 7)
    y = graph.fresh(flat[1]) if graph.shape(op.y) != flat[1] else graph.tensor(op.y)
    graph.operator("DEQUANTIZE", [ends[1]], y, version=2 if bits == 8 else 3)
    if graph.shape(op.y) != flat[1]:
        graph.operator("RESHAPE", [y, graph.constant(list(graph.shape(op.y)))],
                       graph.tensor(op.y))


def _is_fine(graph: Graph, integers: Integers, op: Gemm) -> bool:
    """Whether activations have 16 bits also in int8: beside states, and where sums are compared."""
    program = graph.program
    return (op.x in integers.fine or op.y in program.results
            or any(op.y in reader.operands for reader in program.ops
                   if isinstance(reader, Binary | Split)))
