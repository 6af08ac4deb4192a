"""The rules of quantisation, one op per file; importing this package registers them all."""

from __future__ import annotations

from puffer_edge.quantization.rules import (
    binary,
    concat,
    conv,
    gemm,
    gru_cell,
    l2_normalization,
    layer_normalization,
    lstm_cell,
    mask,
    matmul,
    min_gru_cell,
    movement,
    one_hot,
    softmax,
    unary,
)
from puffer_edge.quantization.rules.registry import RULES, Rule, rows_of

__all__ = ["RULES", "Rule", "binary", "concat", "conv", "gemm", "gru_cell", "l2_normalization",
           "layer_normalization", "lstm_cell", "mask", "matmul", "min_gru_cell", "movement",
           "one_hot", "rows_of", "softmax", "unary"]
