# SPDX-License-Identifier: MIT
"""A toy op, ``y = x^3``, added as ARCHITECTURE.md says: files, and lines by place."""

OP = '''"""The cube of every element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from puffer_edge.arrays import Array
from puffer_edge.ir.op import Op, register
from puffer_edge.ir.value import Value


@register
@dataclass(frozen=True, kw_only=True)
class Cube(Op):
    """``y = x * x * x``."""

    x: str
    y: str

    INPUTS: ClassVar = ("x",)
    IN_PLACE: ClassVar = (("x", "y"),)

    def infer(self, inputs: Sequence[Value | None]) -> tuple[tuple[int, ...], ...]:
        """The shape stays."""
        (x,) = inputs
        assert x is not None
        return (x.shape,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        """From the left."""
        (x,) = inputs
        assert x is not None
        return (x * x * x,)
'''
KERNEL = '''#ifndef PUFFER_EDGE_CUBE_F32_H
#define PUFFER_EDGE_CUBE_F32_H

/* y = x * x * x over n elements; in place will do. */
static inline void puffer_edge_cube_f32(const float *x, float *y, int n)
{
    int i;
    for (i = 0; i < n; i++) {
        y[i] = x[i] * x[i] * x[i];
    }
}
#endif
'''
EMITTER = '''"""C for Cube."""

from puffer_edge.exporters.c.context import Context, emits
from puffer_edge.ir.ops import Cube


@emits(Cube)
def cube(op: Cube, context: Context) -> None:
    """One call."""
    context.use("cube_f32")
    context.line(f"puffer_edge_cube_f32({context.ref(op.x)}, {context.out(op.y)}, "
                 f"{context.value(op.x).size});")
'''
DECOMPOSITION = '''"""A cube as two products."""

from puffer_edge.exporters.decompose.draft import Draft
from puffer_edge.exporters.decompose.registry import decomposes
from puffer_edge.ir.ops import Cube


@decomposes(Cube)
def cube(draft: Draft, op: Cube) -> None:
    """See :class:`Cube`."""
    draft.binary("mul", draft.binary("mul", op.x, op.x), op.x, op.y)
'''
BOUND = '''"""Cubes."""

from puffer_edge.ir.ops import Cube
from puffer_edge.verification.error_bound.pair import Pair
from puffer_edge.verification.error_bound.rule import rule


@rule(Cube)
def bound(op: Cube, x: Pair) -> tuple[Pair]:
    """See :mod:`verification.error_bound`."""
    return (x * x * x,)
'''
FILES = {
    "puffer_edge/ir/ops/cube.py": OP,
    "runtimes/c/cube_f32.h": KERNEL,
    "exporters/c/ops/cube.py": EMITTER,
    "exporters/decompose/cube.py": DECOMPOSITION,
    "puffer_edge/verification/error_bound/ops/cube.py": BOUND,
}
LINES = {
    "puffer_edge/ir/ops/__init__.py": (
        ("from puffer_edge.ir.ops.expand", "from puffer_edge.ir.ops.cube import Cube\n"),
        ('    "Expand",', '    "Cube",\n')),
    "tests/zoo.py": (
        ('    "experts":', '    "cube": ((1, 6), lambda bench: bench.op(_ops.Cube, x=bench.x)),\n'),
        ("from puffer_edge.ir.ops import", "from puffer_edge.ir import ops as _ops\n")),
}
"""What a line comes before, and the line."""
