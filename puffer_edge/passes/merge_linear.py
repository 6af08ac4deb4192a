# SPDX-License-Identifier: MIT
"""Two linear layers without a function between them become one matrix."""

from __future__ import annotations

from dataclasses import replace
from math import fsum

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Gemm
from puffer_edge.passes.constants import overflows, unused


def merge_linear(program: Program) -> Program:
    """Right up to rounding: ``B (A x + a) + b = (B A) x + (B a + b)``, where that is less work.

    Products are exact in float64, and so are their sums, so that the bits do not depend on the
    machine's BLAS.
    """
    producers, readers = program.producers(), program.consumers()
    for second in program.ops:
        first = producers.get(second.x) if isinstance(second, Gemm) else None
        if not isinstance(second, Gemm) or not isinstance(first, Gemm) or first.activation:
            continue
        names = {first.weight, second.weight, first.bias, second.bias} - {""}
        if (len(readers[first.y]) > 1 or first.y in program.results
                or not names <= program.constants.keys()):
            continue
        a, b = (program.constants[op.weight].astype(np.float64) for op in (first, second))
        if b.shape[0] * a.shape[1] > a.size + b.size:
            continue
        weight, bias = _product(b, a.T), _bias(program, second)
        if first.bias:
            start = program.constants[first.bias].astype(np.float64)
            bias = bias + _product(b, start.reshape(1, -1))[:, 0]
        if overflows(weight, bias):
            continue
        stem = unused(f"{second.y}.weight.merged", program.values)
        other = unused(f"{second.y}.bias.merged", program.values)
        constants = {**program.constants, stem: weight.astype(np.float32),
                     other: bias.astype(np.float32)}
        merged = replace(second, x=first.x, weight=stem, bias=other)
        ops = [merged if op is second else op for op in program.ops if op is not first]
        return merge_linear(program.with_ops(ops, constants).noting(
            "folded", f"{first.layer or 'a linear layer'} into {second.layer or 'the next one'}: "
                      "no function lies between them"))
    return program


def _bias(program: Program, op: Gemm) -> Array:
    if op.bias:
        return program.constants[op.bias].astype(np.float64)
    return np.zeros(program.constants[op.weight].shape[0])


def _product(a: Array, b: Array) -> Array:
    """[N, K] and [M, K] give [N, M]; each element is the exact sum of its products, rounded."""
    return np.array([[fsum(row * column) for column in b] for row in a])
