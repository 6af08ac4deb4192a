# SPDX-License-Identifier: MIT
"""Activations of 8 bits that a layer takes to 16 once, before it multiplies.

A Cortex-M with two products per instruction unpacks bytes to halves first. For the weights there is
no way around that; activations are unpacked again for every four outputs, unless they are copied to
working memory: 1.25 instructions per product become 1.13.
"""

from __future__ import annotations

from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import GemmInteger, LSTMCellInteger
from puffer_edge.planning import Memory

LEAST = 32
"""Outputs from which on the copy is paid back."""


def working_memory(program: Program) -> Memory:
    """Bytes that a layer needs for its copy; 0 for one that does without."""
    return lambda op: -(-copied(op, program) // 2) * 4


def copied(op: Op, program: Program) -> int:
    """Activations that are copied at a time."""
    if isinstance(op, LSTMCellInteger):
        gains = program.values[op.h].dtype == "int16"  # else the kernel takes both in 8 bits
    else:
        gains = isinstance(op, GemmInteger)
    if not gains:
        return 0
    assert isinstance(op, GemmInteger | LSTMCellInteger)
    x, outputs = program.values[op.x], program.values[op.weight].shape[0]
    return x.shape[-1] if x.dtype == "int8" and outputs >= LEAST else 0
