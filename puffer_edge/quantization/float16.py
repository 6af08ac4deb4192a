# SPDX-License-Identifier: MIT
"""Float Program -> the same with its matrices in float16: half the flash, float32 arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Program
from puffer_edge.quantization.quantize import rule_of

LARGEST = float(np.finfo(np.float16).max)


def to_float16(program: Program) -> Program:
    """Rounds matrices to the nearest float16, ties to even.

    Args:
        program: optimised: nothing is folded into the matrices any more.

    Raises:
        UnsupportedError: a weight is larger than float16 can hold, or there is no matrix.
    """
    constants = dict(program.constants)
    ops, error = [], 0.0
    for op in program.ops:
        renamed = {}
        for field in rule_of(op).float16:  # all else keeps float32
            name = getattr(op, field)
            if name not in program.constants:
                continue
            exact = program.constants[name]
            if np.abs(exact).max() > LARGEST:
                raise UnsupportedError(
                    f"a weight of {np.abs(exact).max():g} is larger than float16 can hold",
                    where=op.layer or name, hint="export it with --scheme float32")
            half = exact.astype(np.float16)
            # Another name: who else reads the constant goes on reading float32.
            constants[f"{name}.half"], renamed[field] = half, f"{name}.half"
            error = max(error, float(np.abs(half - exact).max() / (np.abs(exact).max() or 1)))
        ops.append(replace(op, **renamed) if renamed else op)
    if len(constants) == len(program.constants):
        raise UnsupportedError("this policy has no matrix to store in float16",
                               hint="export it with --scheme float32")
    return program.with_ops(ops, constants).noting("quantised", (
        f"matrices are stored in float16, the largest rounding is {error:.2g} of its matrix's "
        "largest weight"))
