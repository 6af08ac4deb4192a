# SPDX-License-Identifier: MIT
"""A state that stacks those of several layers, or h and c, becomes one state for each of them."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Op, Program, State, Value
from puffer_edge.ir.ops import Binary, Concat, Gather, Reshape, Slice, Split, Transpose
from puffer_edge.passes.constants import unused
from puffer_edge.passes.dead_code import remove_dead_code


def split_states(program: Program) -> Program:
    """Right because a state is nobody's but the policy's, and its parts never meet in it.

    ``nn.LSTM`` of several layers has a state [layers, 1, n], of which each layer reads its slice
    and whose successor joins what the layers made. Parts are told by following elements through
    ops that move them, and through products and sums with a scalar (1 where an episode goes on),
    which commute with moving. Integers need it: each layer has a scale of its own.
    """
    for state in program.states:
        made = _split(program, state)
        if made is not None:
            return split_states(made)
    return program


def _split(program: Program, state: State) -> Program | None:
    join = program.producers().get(state.output)
    while isinstance(join, Reshape):
        join = program.producers().get(join.x)
    if not isinstance(join, Concat) or not 2 <= len(join.xs) == len(set(join.xs)):
        return None
    shapes = [program.values[name].shape for name in join.xs]
    if any(prod(shape[: join.axis]) != 1 for shape in shapes):
        return None  # elements of the parts alternate
    elements = {state.input: np.arange(state.initial.size).reshape(state.initial.shape)}
    scaled = _follow(program, elements)
    starts = np.cumsum([0, *map(prod, shapes)])
    readers = program.consumers()
    replaced: dict[str, int] = {}  # a value that is a part -> which
    for name, found in elements.items():
        index = int(np.searchsorted(starts, found.flat[0], "right")) - 1
        if np.array_equal(found.reshape(-1), np.arange(starts[index], starts[index + 1])):
            replaced[name] = index
        elif name in program.results or any(
                not all(output in elements for output in op.outputs)
                for op in readers.get(name, [])):
            return None  # somebody reads across the parts
    return _with_parts(program, state, join, replaced, scaled)


def _follow(program: Program, elements: dict[str, Array]) -> dict[str, list[Binary]]:
    """Adds to ``elements`` what only moves or scales them; the scaling ops of each value."""
    scaled: dict[str, list[Binary]] = {name: [] for name in elements}
    for op in program.ops:
        if isinstance(op, Gather | Reshape | Slice | Split | Transpose) and op.x in elements:
            for name, found in zip(op.outputs, op.evaluate([elements[op.x]]), strict=True):
                elements[name], scaled[name] = found, scaled[op.x]
        elif isinstance(op, Binary) and (op.a in elements) != (op.b in elements):
            source, other = (op.a, op.b) if op.a in elements else (op.b, op.a)
            if program.values[other].size == 1:
                elements[op.y] = elements[source].reshape(program.values[op.y].shape)
                scaled[op.y] = [*scaled[source], op]
    return scaled


def _with_parts(program: Program, state: State, join: Concat, replaced: dict[str, int],
                scaled: dict[str, list[Binary]]) -> Program:
    shapes = [program.values[name].shape for name in join.xs]
    cuts = np.cumsum([prod(shape) for shape in shapes])[:-1]
    values = dict(program.values)
    names: list[str] = []
    for i, shape in enumerate(shapes):
        names.append(unused(f"{state.input}.{i}", values))
        values[names[i]] = Value(names[i], shape)
    ops: list[Op] = []
    for op in program.ops:
        parts = [name for name in op.outputs if name in replaced]
        if not set(op.outputs) <= scaled.keys() or not replaced.keys().isdisjoint(op.operands):
            ops.append(op)  # it does not take a part out, so it stays as it is
            continue
        for name in parts:
            source = names[replaced[name]]
            for scale in scaled[name]:
                made = unused(f"{name}.{scale.function}", values)
                shape = np.broadcast_shapes(values[source].shape, *(
                    values[other].shape for other in scale.operands if other not in scaled))
                values[made] = Value(made, shape)
                ops.append(replace(scale, y=made, a=source if scale.a in scaled else scale.a,
                                   b=source if scale.b in scaled else scale.b))
                source = made
            ops.append(Reshape(x=source, y=name, shape=values[name].shape, layer=op.layer))
    made_of = [State(name, output, part.reshape(shape)) for name, output, part, shape in zip(
        names, join.xs, np.split(state.initial.reshape(-1), cuts), shapes, strict=True)]
    states = [other for each in program.states
              for other in (made_of if each is state else [each])]
    return remove_dead_code(program.with_ops(ops, states=tuple(states), values=values))

