# SPDX-License-Identifier: MIT
"""Sums of layers as Helium's vectors of floats make them; for ``export --helium-float`` alone."""

from __future__ import annotations

from dataclasses import replace

from puffer_edge.ir import Program
from puffer_edge.ir.ops import Conv, Gemm, LSTMCell


def flush_subnormals(program: Program) -> Program:
    """Subnormal numbers are zeros in the sums of linear layers, convolutions and LSTMs."""
    return program.with_ops([
        replace(op, flush=True) if isinstance(op, Conv | Gemm | LSTMCell) else op
        for op in program.ops]).noting("stated", (
            "linear layers, convolutions and LSTMs sum in Helium's floats (--helium-float): "
            "numbers below 1.2e-38 are zeros there"))
