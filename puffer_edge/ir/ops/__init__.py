# SPDX-License-Identifier: MIT
"""The ops, one per file; importing this package registers them all in ``ir.op.OPS``."""

from __future__ import annotations

from puffer_edge.ir.ops.batch_normalization import BatchNormalization
from puffer_edge.ir.ops.binary import Binary
from puffer_edge.ir.ops.binary_integer import BinaryInteger
from puffer_edge.ir.ops.concat import Concat
from puffer_edge.ir.ops.conv import Conv
from puffer_edge.ir.ops.conv_integer import ConvInteger
from puffer_edge.ir.ops.expand import Expand
from puffer_edge.ir.ops.flags import Flags
from puffer_edge.ir.ops.gather import Gather
from puffer_edge.ir.ops.gemm import Gemm
from puffer_edge.ir.ops.gemm_integer import GemmInteger
from puffer_edge.ir.ops.gru_cell import GRUCell
from puffer_edge.ir.ops.gru_cell_integer import GRUCellInteger
from puffer_edge.ir.ops.l2_normalization import L2Normalization
from puffer_edge.ir.ops.l2_normalization_integer import L2NormalizationInteger
from puffer_edge.ir.ops.layer_normalization import LayerNormalization
from puffer_edge.ir.ops.layer_normalization_integer import LayerNormalizationInteger
from puffer_edge.ir.ops.lstm_cell import LSTMCell
from puffer_edge.ir.ops.lstm_cell_integer import LSTMCellInteger
from puffer_edge.ir.ops.mask import Mask
from puffer_edge.ir.ops.matmul import MatMul
from puffer_edge.ir.ops.matmul_integer import MatMulInteger
from puffer_edge.ir.ops.min_gru_cell import MinGRUCell
from puffer_edge.ir.ops.min_gru_cell_integer import MinGRUCellInteger
from puffer_edge.ir.ops.one_hot import OneHot
from puffer_edge.ir.ops.one_hot_integer import OneHotInteger
from puffer_edge.ir.ops.pad import Pad
from puffer_edge.ir.ops.quantize import Quantize
from puffer_edge.ir.ops.reduce import Reduce
from puffer_edge.ir.ops.rescale import Rescale
from puffer_edge.ir.ops.reshape import Reshape
from puffer_edge.ir.ops.slice import Slice
from puffer_edge.ir.ops.softmax import Softmax
from puffer_edge.ir.ops.softmax_integer import SoftmaxInteger
from puffer_edge.ir.ops.split import Split
from puffer_edge.ir.ops.table import Table
from puffer_edge.ir.ops.transpose import Transpose
from puffer_edge.ir.ops.unary import Unary

__all__ = [
    "BatchNormalization",
    "Binary",
    "BinaryInteger",
    "Concat",
    "Conv",
    "ConvInteger",
    "Expand",
    "Flags",
    "GRUCell",
    "GRUCellInteger",
    "Gather",
    "Gemm",
    "GemmInteger",
    "L2Normalization",
    "L2NormalizationInteger",
    "LSTMCell",
    "LSTMCellInteger",
    "LayerNormalization",
    "LayerNormalizationInteger",
    "Mask",
    "MatMul",
    "MatMulInteger",
    "MinGRUCell",
    "MinGRUCellInteger",
    "OneHot",
    "OneHotInteger",
    "Pad",
    "Quantize",
    "Reduce",
    "Rescale",
    "Reshape",
    "Slice",
    "Softmax",
    "SoftmaxInteger",
    "Split",
    "Table",
    "Transpose",
    "Unary",
]
