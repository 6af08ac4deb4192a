# SPDX-License-Identifier: MIT
"""Channels that are much larger than the others of their layer get a scale of their own.

One channel of 3,000 beside channels of 1 takes the integers of all. In floating point nothing has
to move: the layer is taken apart by rows into layers of channels of like size, each with its
function, and joined again; the next layer has the scale of every channel in its weights. This is
cross-layer equalisation (Nagel et al., Data-Free Quantization, 2019) also where the function
between is no ReLU, which scaling by powers of two would not pass.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import Concat
from puffer_edge.passes.constants import unused
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.flatness import useful_range
from puffer_edge.quantization.quantize import rule_of
from puffer_edge.quantization.rule import reads_by_columns
from puffer_edge.readers.text import printable

WIDTH = 8.0
"""Channels of one group differ by less: three of eight bits."""
GROUPS = 4
TOO_MUCH = 0.02
"""Error of what the next layer sums up, relative to its deviation, from which groups pay."""
GAIN = 4.0
"""How many times smaller groups must make that error."""


def separate_outliers(program: Program, calibration: Calibration, bits: int) -> Program:
    """The same Program up to the order of sums, with layers taken apart where it pays.

    Args:
        program: optimised, in float.
        calibration: of it.
        bits: of the activations, roughly.
    """
    readers = program.consumers()
    for op in program.ops:
        rows = {getattr(op, field) for field in rule_of(op).rows} - {""}
        if rows and rows <= program.constants.keys():
            chain = _functions_after(program, op, readers)
            made = (chain or [op])[-1].outputs[0]
            following = readers.get(made, [])
            if made in program.results or not following or not all(
                    reads_by_columns(reader, made, program) for reader in following):
                continue
            groups = _groups(program, op, made, following, calibration, bits)
            if len(groups) > 1:
                return separate_outliers(_taken_apart(
                    program, op, chain, following, groups), calibration, bits)
    return program


def _functions_after(program: Program, op: Op, readers: dict[str, list[Op]]) -> list[Op]:
    chain: list[Op] = []
    name = op.outputs[0]
    while (name not in program.results and len(readers.get(name, [])) == 1
           and rule_of(reader := readers[name][0]).function(reader) is not None):
        chain.append(reader)
        name = reader.outputs[0]
    return chain


def _groups(program: Program, op: Op, made: str, following: list[Op], calibration: Calibration,
            bits: int) -> list[Array]:
    """Channels of like size, the largest first; one group where more would not pay."""
    (y,) = op.outputs
    width = program.values[y].shape[-1]
    seen = calibration.samples.get(made)
    if seen is None:
        return []
    useful = useful_range(program, y, program.consumers())
    ends = (np.clip(side[y], *useful) for side in (calibration.low, calibration.high))
    reach = np.max([np.abs(end).reshape(-1, width).max(0) for end in ends], axis=0)
    reach = np.maximum(reach.astype(np.float64), 1e-30)
    level = np.minimum(np.log(reach.max() / reach) // np.log(WIDTH), GROUPS - 1)
    groups = [np.flatnonzero(level == each) for each in np.unique(level)]
    matrices = [program.constants[getattr(reader, _columns(reader)[1])] for reader in following]
    weight = sum((matrix.astype(np.float64) ** 2).sum(0) for matrix in matrices)
    signal = (weight * seen.reshape(-1, width).astype(np.float64).var(0)).sum()
    step = np.zeros(width)
    for group in groups:
        step[group] = reach[group].max()
    common, apart = ((weight * (size / 2.0 ** (bits - 1)) ** 2).sum() / 12
                     for size in (np.full(width, reach.max()), step))
    pays = common > TOO_MUCH**2 * signal and common > GAIN**2 * apart
    return groups if pays else []


def _columns(op: Op) -> tuple[str, str]:
    columns = rule_of(op).columns
    assert columns is not None
    return columns


def _taken_apart(program: Program, layer: Op, chain: list[Op], following: list[Op],
                 groups: list[Array]) -> Program:
    constants, taken = dict(program.constants), set(program.values)

    def added(name: str, array: Array) -> str:
        name = unused(name, taken)
        taken.add(name)
        constants[name] = np.ascontiguousarray(array)
        return name

    def value(name: str) -> str:
        name = unused(name, taken)
        taken.add(name)
        return name

    ops: list[Op] = []
    made = (chain or [layer])[-1].outputs[0]
    order = np.concatenate(groups)
    joined = value(f"{made}.joined")
    for op in program.ops:
        if op is layer:
            parts = []
            for i, group in enumerate(groups):
                name = value(f"{layer.outputs[0]}.{i}")
                rows = (getattr(layer, field) for field in rule_of(layer).rows)
                ops.append(layer.renamed({layer.outputs[0]: name} | {
                    row: added(f"{row}.{i}", program.constants[row][group])
                    for row in rows if row}))
                for function in chain:
                    after = value(f"{function.outputs[0]}.{i}")
                    ops.append(function.renamed({
                        function.inputs[0]: name, function.outputs[0]: after}))
                    name = after
                parts.append(name)
            ops.append(Concat(xs=tuple(parts), y=joined, layer=layer.layer,
                              axis=len(program.values[made].shape) - 1))
        elif op in following:
            x, matrix = _columns(op)
            weight = getattr(op, matrix)
            ordered = added(f"{weight}.ordered", program.constants[weight][:, order])
            ops.append(replace(op, **{x: joined, matrix: ordered}))
        elif op not in chain:
            ops.append(op)
    sizes = " + ".join(str(len(group)) for group in groups)
    name = printable(layer.layer or layer.outputs[0])
    return program.with_ops(ops, constants).noting(
        "quantised", f"the channels of {name} differ so much in size that they are {len(groups)} "
                     f"layers of {sizes}, each with its own scale")
