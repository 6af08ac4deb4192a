# SPDX-License-Identifier: MIT
"""Facts of ops that only an integer Program has."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Flags, Quantize, Table
from puffer_edge.quantization.rule import facts


def _affine(op: Quantize, program: Program) -> tuple[Array, Array]:
    factor, offset = (program.constants[name].astype(np.float64)
                      for name in (op.factor, op.offset))
    return factor, offset


facts(Quantize, affine=_affine)
facts(Flags, flags="x")
facts(Table, table="table")
