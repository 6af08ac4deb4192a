# SPDX-License-Identifier: MIT
"""Takes a bias that is computed out of its layer: kernels read biases where constants lie."""

from __future__ import annotations

from dataclasses import replace

from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import Binary, Conv, Gemm, LayerNormalization, Reshape, Unary
from puffer_edge.passes.constants import unused


def split_biases(program: Program) -> Program:
    """``layer(x) + bias`` for ``layer(x, bias)``, where no constant is the bias.

    On a core that has its constants in another memory than its values (AVR), a kernel cannot read
    both. A sum that was in one layer is rounded once more.
    """
    ops: list[Op] = []
    names = set(program.values)

    def new(stem: str) -> str:
        names.add(name := unused(stem, names))
        return name

    for op in program.ops:
        if not isinstance(op, Gemm | Conv | LayerNormalization) or (
                not op.bias or op.bias in program.constants):
            ops.append(op)
            continue
        bias, layer, activation = op.bias, op.layer, None
        before = new(f"{op.y}.before")
        bare = replace(op, bias="", y=before)
        if not isinstance(bare, LayerNormalization):
            activation, bare = bare.activation, replace(bare, activation=None)
        ops.append(bare)
        if isinstance(op, Conv):  # a bias per channel, of an image
            channels = program.values[bias].size
            ops.append(Reshape(x=bias, y=(bias := new(f"{bias}.channels")), layer=layer,
                               shape=(channels, *(1,) * (len(program.values[op.y].shape) - 2))))
        total = op.y if activation is None else new(f"{op.y}.total")
        ops.append(Binary(a=before, b=bias, y=total, function="add", layer=layer))
        if activation is not None:
            ops.append(Unary(x=total, y=op.y, function=activation, layer=layer))
    return program.with_ops(ops) if len(ops) > len(program.ops) else program
