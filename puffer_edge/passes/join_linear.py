# SPDX-License-Identifier: MIT
"""Linear layers of one input whose results are joined become one matrix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puffer_edge.ir import Program
from puffer_edge.ir.ops import Concat, Gemm
from puffer_edge.passes.constants import unused


def join_linear(program: Program) -> Program:
    """Exact: every output of a linear layer is a sum of its own."""
    producers, readers = program.producers(), program.consumers()
    for join in program.ops:
        if not isinstance(join, Concat) or join.axis != len(program.values[join.y].shape) - 1:
            continue
        parts = [op for op in map(producers.get, join.xs) if isinstance(op, Gemm)]
        if len(parts) < max(len(join.xs), 2) or len({(op.x, op.activation) for op in parts}) > 1:
            continue
        weights = {name for op in parts for name in (op.weight, op.bias) if name}
        if (not weights <= program.constants.keys() or len(set(join.xs)) < len(parts)
                or any(len(readers[op.y]) > 1 or op.y in program.results for op in parts)):
            continue
        matrices = [program.constants[op.weight] for op in parts]
        biases = [program.constants[op.bias] if op.bias else np.zeros(len(matrix), np.float32)
                  for op, matrix in zip(parts, matrices, strict=True)]
        weight, bias = (unused(f"{join.y}.{kind}.joined", program.values)
                        for kind in ("weight", "bias"))
        constants = {**program.constants, weight: np.concatenate(matrices),
                     bias: np.concatenate(biases)}
        joined = replace(parts[0], weight=weight, bias=bias, y=join.y)
        ops = [joined if op is join else op for op in program.ops if op not in parts]
        return join_linear(program.with_ops(ops, constants).noting(
            "folded", f"{', '.join(op.layer or op.y for op in parts)} into one linear layer: "
                      "they read the same and are joined"))
    return program
