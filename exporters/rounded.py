# SPDX-License-Identifier: MIT
"""What a file of another runtime computes in integers, as a Program in floats that rounds.

So export can judge the integers without the runtime. Sums of products are exact in either, but for
the rounding of float32 and of the bias; a result at the edge between two integers may be the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from puffer_edge.exporters.decompose.draft import Draft
from puffer_edge.exporters.scales import Integers
from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import Conv, Gemm


def rounding_values(integers: Integers, bits_of: Callable[[str], int]) -> Program:
    """Every value is rounded once, for all who read it.

    Args:
        integers: the policy and its ranges.
        bits_of: of a value; 0 where it stays as it is.
    """
    draft, names = Draft(integers.program), dict[str, str]()
    for state in integers.program.states:
        if bits := bits_of(state.input):
            names[state.input] = _round(draft, integers, state.input, state.input, bits)
    for op in integers.program.ops:
        draft.layer = op.layer
        draft.append(_with_weights(draft, integers, op).renamed(names))
        for value in op.outputs:
            if bits := bits_of(value):
                names[value] = _round(draft, integers, value, value, bits)
    return integers.program.with_ops(draft.ops, draft.constants)


def rounding_layers(integers: Integers, bits_of: Callable[[Conv | Gemm], int]) -> Program:
    """Linear layers and convolutions round what they read and what they give."""
    draft = Draft(integers.program)
    for op in integers.program.ops:
        draft.layer = op.layer
        if not isinstance(op, Conv | Gemm):
            draft.append(op)
            continue
        bits = bits_of(op)
        x = _round(draft, integers, op.x, op.x, bits)
        y = draft.fresh("exact")
        changed = _with_weights(draft, integers, op)
        assert isinstance(changed, Conv | Gemm)
        draft.append(replace(changed, x=x, y=y))
        _round(draft, integers, y, op.y, bits, op.y)
    return integers.program.with_ops(draft.ops, draft.constants)


def _with_weights(draft: Draft, integers: Integers, op: Op) -> Op:
    """The op with the numbers that its weights in integers stand for."""
    if not isinstance(op, Conv | Gemm):
        return op
    whole, scale = integers.weights[op.y]
    real = whole * scale.reshape(-1, *(1,) * (whole.ndim - 1))
    return replace(op, weight=draft.constant(real, "rounded_weight"))


def _round(draft: Draft, integers: Integers, value: str, like: str, bits: int, y: str = "") -> str:
    """A value on the grid of the range of ``like``, which may be another's name."""
    scale, zero = integers.affine(like, bits)
    least, most = -(2 ** (bits - 1)) - zero, 2 ** (bits - 1) - 1 - zero
    steps = draft.unary("round", draft.binary("div", value, float(scale)))
    whole = draft.unary("clip", steps, parameters=(float(least), float(most)))
    return draft.binary("mul", whole, float(scale), y)
