# SPDX-License-Identifier: MIT
"""Activations of 8 bits that a layer takes to 16 once, before it multiplies.

A Cortex-M with two products per instruction unpacks bytes to halves first. Activations are unpacked
again for every four outputs, unless they are copied to working memory, and then half of the weights
need not be unpacked, either (``mac_pairs.h``): 1.25 instructions per product become 0.89.
"""

from __future__ import annotations

from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import GemmInteger, GRUCellInteger, LSTMCellInteger, MinGRUCellInteger
from puffer_edge.planning import Memory

TAKERS = (GemmInteger, GRUCellInteger, LSTMCellInteger, MinGRUCellInteger)
"""Ops that have a kernel for a copy."""

LEAST = 32
"""Outputs from which on the copy is paid back."""

BLOCK = 4
"""Outputs from which on a layer needs more than the kernel of single rows."""


def working_memory(program: Program) -> Memory:
    """Bytes that a layer needs for its copy; 0 for one that does without."""
    return lambda op: -(-copied(op, program) // 2) * 4


def copied(op: Op, program: Program) -> int:
    """Activations that are copied at a time.

    Smaller layers go along where one gains, as the kernel for bytes is not needed then.
    """
    if not _takes(op, program, BLOCK) or not any(_takes(each, program) for each in program.ops):
        return 0
    assert isinstance(op, TAKERS)
    return program.values[op.x].shape[-1]


def _takes(op: Op, program: Program, least: int = LEAST) -> bool:
    """Whether there is a kernel for the op's activations as a copy, and it has as many outputs."""
    if not isinstance(op, TAKERS):
        return False
    if isinstance(op, LSTMCellInteger | GRUCellInteger) and program.values[op.h].dtype != "int16":
        return False  # the kernel of a cell takes x and h in 8 bits, or both in 16
    return program.values[op.x].dtype == "int8" and program.values[op.weight].shape[0] >= least
