# SPDX-License-Identifier: MIT
"""Computes at export what does not depend on the observation or the state."""

from __future__ import annotations

import numpy as np

from puffer_edge.ir import Program


def fold_constants(program: Program) -> Program:
    """Right because ``evaluate`` is the very arithmetic of the device."""
    constants = dict(program.constants)
    ops = []
    for op in program.ops:
        if op.operands and all(name in constants for name in op.operands):
            with np.errstate(all="ignore"):  # infinities are for whoever uses them to refuse
                results = op.evaluate([constants[name] if name else None for name in op.inputs])
            constants.update(zip(op.outputs, results, strict=True))
        else:
            ops.append(op)
    if len(ops) == len(program.ops):
        return program
    return program.with_ops(ops, constants)
