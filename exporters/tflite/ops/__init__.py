"""One emitter per op; importing this fills ``registry.EMITTERS``."""

from puffer_edge.exporters.tflite.ops import (
    binary,
    concat,
    conv,
    gather,
    gemm,
    mask,
    matmul,
    one_hot,
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
    "binary",
    "concat",
    "conv",
    "gather",
    "gemm",
    "mask",
    "matmul",
    "one_hot",
    "pad",
    "reduce",
    "reshape",
    "slice",
    "softmax",
    "split",
    "transpose",
    "unary",
]
