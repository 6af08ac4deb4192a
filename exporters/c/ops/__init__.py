"""Emitters, one file per op; importing this package registers them all."""

from __future__ import annotations

from puffer_edge.exporters.c.ops import (
    batch_normalization,
    binary,
    concat,
    conv,
    expand,
    gather,
    gemm,
    gru_cell,
    layer_normalization,
    lstm_cell,
    matmul,
    pad,
    reduce,
    reshape,
    slice,
    softmax,
    split,
    transpose,
    unary,
)

__all__ = [
    "batch_normalization",
    "binary",
    "concat",
    "conv",
    "expand",
    "gather",
    "gemm",
    "gru_cell",
    "layer_normalization",
    "lstm_cell",
    "matmul",
    "pad",
    "reduce",
    "reshape",
    "slice",
    "softmax",
    "split",
    "transpose",
    "unary",
]
