# SPDX-License-Identifier: MIT
"""Folds BatchNormalization (observation normalisers too) into the linear layer next to it."""

from __future__ import annotations

from dataclasses import replace
from math import fsum

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import BatchNormalization, Conv, Gemm, Reshape
from puffer_edge.ir.ops.batch_normalization import LARGEST_SHIFT
from puffer_edge.passes.constants import overflows, unused


def fold_normalization(program: Program) -> Program:
    """Right up to rounding; products and sums are done in float64 and rounded once.

    The sums are exact, so that the bits do not depend on the machine's BLAS; what would overflow
    is left alone.

    After a linear layer ``s * (W x + b) + t = (s W) x + (s b + t)``, before one
    ``W (s x + t) + b = (W s) x + (W t + b)``. Not before a padded Conv: the padding is added after
    the normalisation, so its shift would be missing at the border. Nor where the sums would be
    small differences of large products, as of a barometer's 101325 with a deviation of 50.
    """
    for op in program.ops:
        if isinstance(op, BatchNormalization):
            folded = _into_previous(program, op) or _into_next(program, op)
            if folded is not None:
                size = program.values[op.scale].size
                return fold_normalization(folded.noting(
                    "folded", f"normalisation of {size} features into the layer next to it"))
    return program


def _into_previous(program: Program, norm: BatchNormalization) -> Program | None:
    layer = program.producers().get(norm.x)
    fits = (isinstance(layer, Gemm | Conv) and layer.activation is None
            and _constant(program, norm, layer) and _only_reader(program, norm.x)
            and not (isinstance(layer, Gemm) and len(program.values[layer.y].shape) != 2))
    if not fits:
        return None
    assert isinstance(layer, Gemm | Conv)
    scale, shift, weight, bias = _float64(program, norm, layer)
    rows = (-1, *(1,) * (weight.ndim - 1))
    return _replaced(program, norm, layer, weight * scale.reshape(rows), bias * scale + shift,
                     replace(layer, y=norm.y))


def _into_next(program: Program, norm: BatchNormalization) -> Program | None:
    if not _only_reader(program, norm.y):
        return None
    reader = program.consumers()[norm.y][0]
    through: Reshape | None = None
    if isinstance(reader, Reshape) and _only_reader(program, reader.y):
        through, reader = reader, program.consumers()[reader.y][0]
    if isinstance(reader, Conv):
        if any(reader.pads) or reader.group != 1 or through is not None:
            return None
    elif not isinstance(reader, Gemm) or reader.x != (through.y if through else norm.y):
        return None
    if not _constant(program, norm, reader):
        return None
    scale, shift, weight, bias = _float64(program, norm, reader)
    if isinstance(reader, Gemm):
        # The features in the order in which the layer reads them.
        shape = program.values[norm.x].shape
        channel = (1, -1, *(1,) * (len(shape) - 2))
        scale = np.broadcast_to(scale.reshape(channel), shape).reshape(-1)
        shift = np.broadcast_to(shift.reshape(channel), shape).reshape(-1)
        if scale.size != weight.shape[1]:
            return None
        scaled, products = weight * scale, weight * shift
    else:
        channel = (1, -1, *(1,) * (weight.ndim - 2))
        scaled = weight * scale.reshape(channel)
        products = weight * shift.reshape(channel)
    if np.abs(products).max() > LARGEST_SHIFT:
        return None
    added = np.array([fsum(row) for row in products.reshape(weight.shape[0], -1)])
    source = norm.x
    changed = reader if through else replace(reader, x=source)
    return _replaced(program, norm, reader, scaled, bias + added, changed,
                     {through: replace(through, x=source)} if through else {})


def _constant(program: Program, norm: BatchNormalization, layer: Gemm | Conv) -> bool:
    names = {norm.scale, norm.shift, layer.weight, layer.bias} - {""}
    return names <= program.constants.keys()


def _float64(program: Program, norm: BatchNormalization,
             layer: Gemm | Conv) -> tuple[Array, Array, Array, Array]:
    weight = program.constants[layer.weight].astype(np.float64)
    bias = (program.constants[layer.bias].astype(np.float64) if layer.bias
            else np.zeros(weight.shape[0]))
    scale = program.constants[norm.scale].astype(np.float64)
    return scale, program.constants[norm.shift].astype(np.float64), weight, bias


def _replaced(program: Program, norm: BatchNormalization, layer: Op, weight: Array, bias: Array,
              changed: Gemm | Conv,
              others: dict[Reshape, Reshape] | None = None) -> Program | None:
    if overflows(weight, bias):
        return None
    names = (unused(f"{changed.y}.weight.folded", program.values),
             unused(f"{changed.y}.bias.folded", program.values))
    constants = {**program.constants, names[0]: weight.astype(np.float32),
                 names[1]: bias.astype(np.float32)}
    changed = replace(changed, weight=names[0], bias=names[1])
    ops: list[Op] = []
    for op in program.ops:
        if op is norm:
            continue
        if op is layer:
            ops.append(changed)
        else:
            ops.append((others or {}).get(op, op) if isinstance(op, Reshape) else op)
    return program.with_ops(ops, constants)


def _only_reader(program: Program, name: str) -> bool:
    return len(program.consumers().get(name, [])) == 1 and name not in program.results
