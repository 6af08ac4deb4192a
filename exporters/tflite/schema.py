# SPDX-License-Identifier: MIT
"""The part of TensorFlow Lite's schema (version 3) that the exporter writes.

The format only ever grows, so that numbers of fields and enumerators never change; the generated
module of ai-edge-litert would make a runtime of 60 MB a dependency of writing a file.
Source: tensorflow/lite/schema/schema.fbs; versions: tensorflow/lite/tools/versioning/op_version.cc.
"""

from __future__ import annotations

FLOAT32, FLOAT16, INT32, INT64, BOOL, INT16, INT8 = 0, 1, 2, 4, 6, 7, 9
"""tflite.TensorType."""

TYPES = {"float32": FLOAT32, "float16": FLOAT16, "int32": INT32, "int64": INT64, "bool": BOOL,
         "int16": INT16, "int8": INT8}

OPERATORS = {
    "ADD": 0, "CONCATENATION": 2, "CONV_2D": 3, "DEQUANTIZE": 6, "FLOOR": 8, "FULLY_CONNECTED": 9,
    "LOGISTIC": 14, "MUL": 18, "RELU": 19, "RESHAPE": 22, "SOFTMAX": 25, "TANH": 28, "PAD": 34,
    "GATHER": 36, "TRANSPOSE": 39, "MEAN": 40, "SUB": 41, "DIV": 42, "STRIDED_SLICE": 45,
    "EXP": 47, "CAST": 53, "MAXIMUM": 55, "MINIMUM": 57, "LESS": 58, "NEG": 59, "PADV2": 60,
    "GREATER_EQUAL": 62, "SELECT": 64, "LOG": 73, "SUM": 74, "SQRT": 75, "REDUCE_MAX": 82,
    "LOGICAL_AND": 86, "REDUCE_MIN": 89, "LEAKY_RELU": 98, "ABS": 101, "SPLIT_V": 102,
    "CEIL": 104, "QUANTIZE": 114, "ROUND": 116, "BATCH_MATMUL": 126, "GELU": 150,
}
"""tflite.BuiltinOperator."""

OPTIONS = {
    "ADD": 11, "CONCATENATION": 10, "CONV_2D": 1, "DEQUANTIZE": 38, "FULLY_CONNECTED": 8,
    "MUL": 21, "RESHAPE": 17, "SOFTMAX": 9, "PAD": 22, "GATHER": 23, "TRANSPOSE": 26, "MEAN": 27,
    "SUB": 28, "DIV": 29, "STRIDED_SLICE": 32, "EXP": 33, "CAST": 37, "MAXIMUM": 39,
    "MINIMUM": 39, "LESS": 41, "NEG": 42, "PADV2": 43, "GREATER_EQUAL": 45, "SELECT": 47,
    "SUM": 27, "REDUCE_MAX": 27, "LOGICAL_AND": 62, "REDUCE_MIN": 27, "LEAKY_RELU": 75, "ABS": 78,
    "SPLIT_V": 79, "QUANTIZE": 89, "BATCH_MATMUL": 101, "GELU": 116,
}
"""tflite.BuiltinOptions by operator; CEIL, FLOOR, LOG, LOGISTIC, RELU, ROUND, SQRT, TANH have none.
"""
