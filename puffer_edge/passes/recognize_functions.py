# SPDX-License-Identifier: MIT
"""Finds known functions that a graph spells out in arithmetic, such as GELU as five ops."""

from __future__ import annotations

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Activation, Op, Program
from puffer_edge.ir.functions import FUNCTIONS
from puffer_edge.ir.ops import Binary, Unary

_FAR = np.geomspace(12, 1e30, 301)
_GRID = np.concatenate([np.linspace(-12, 12, 4801), _FAR, -_FAR]).astype(np.float32)
"""Dense where functions bend, and far out, where a clamp shows itself."""
_TOLERANCE = 1e-5
"""Relative to max(1, |x|): rounding of a few ops; GELU and its tanh form differ by 5e-4."""


def recognize_functions(program: Program) -> Program:
    """Exporters write ``0.5 x (1 + erf(x / sqrt 2))`` for GELU, ``x sigmoid(x)`` for SiLU...

    A value that depends on one other value by elementwise ops and scalar constants only is a
    function of one variable. Where it equals a function of the registry over a dense grid, one op
    takes the place of all. Right because two elementary expressions that agree at thousands of
    points to a few roundings are the same function.
    """
    producers = program.producers()
    for op in reversed(program.ops):
        if isinstance(op, Unary | Binary):
            for source, cone in _cones(program, op, producers):
                name = _known(program, op.y, source, cone)
                if name is not None:
                    return recognize_functions(_replaced(program, op, source, cone, name))
    return program


def _cones(program: Program, op: Unary | Binary,
           producers: dict[str, Op]) -> list[tuple[str, list[Op]]]:
    """Pairs (source, ops between source and the op's output), the longest first.

    Going back op by op, the last in execution order first, whatever is left to compute is a cone as
    soon as it hangs on a single value.
    """
    position = {id(other): index for index, other in enumerate(program.ops)}
    shape = program.values[op.y].shape
    found: list[tuple[str, list[Op]]] = []
    cone: list[Op] = []
    frontier = {op.y}
    while len(cone) < 12:
        makers = [producers[name] for name in frontier if name in producers]
        inner = [maker for maker in makers if isinstance(maker, Unary | Binary)]
        if not inner:
            break
        maker = max(inner, key=lambda one: position[id(one)])
        (y,) = maker.outputs
        operands = {name for name in maker.operands if not _scalar(program, name)}
        if any(program.values[name].shape != shape for name in operands):
            break
        cone.insert(0, maker)
        frontier = (frontier - {y}) | operands
        if len(frontier) == 1 and len(cone) > 1:
            found.append((next(iter(frontier)), list(cone)))
    inside = [(source, ops) for source, ops in found if _closed(program, op.y, ops)]
    return inside[::-1]


def _closed(program: Program, y: str, cone: list[Op]) -> bool:
    """Nobody outside reads what is made inside, but for the result."""
    made = {name for op in cone for name in op.outputs} - {y}
    members = {id(op) for op in cone}
    readers = program.consumers()
    return not made & program.results and all(
        id(reader) in members for name in made for reader in readers.get(name, []))


def _known(program: Program, y: str, source: str, cone: list[Op]) -> str | None:
    known: dict[str, Array] = {
        name: program.constants[name].reshape(-1)[:1]
        for op in cone for name in op.operands if name in program.constants}
    known[source] = _GRID
    made = {op.y for op in cone if isinstance(op, Unary | Binary)}
    with np.errstate(all="ignore"):
        for op in cone:
            known.update(zip(op.outputs, op.evaluate([known[name] for name in op.inputs]),
                             strict=True))
        x = _GRID.astype(np.float64)
        allowed = _TOLERANCE * np.maximum(1, np.abs(x))
        for name in cone[-1].operands:
            # What hardly changes its operand is there on purpose: a clamp before a logarithm.
            if name in made and np.all(np.abs(known[y] - known[name]) <= allowed):
                return None
        for name, function in FUNCTIONS.items():
            difference = np.abs(known[y] - function.exact(x, *(d for _, d in function.parameters)))
            if np.all(difference <= allowed):
                return name
    return None


def _replaced(program: Program, op: Unary | Binary, source: str, cone: list[Op],
              name: str) -> Program:
    parameters = tuple(default for _, default in FUNCTIONS[name].parameters)
    one = Unary(x=source, y=op.y, function=Activation(name, parameters), layer=op.layer)
    gone = {id(other) for other in cone}
    ops = [one if other is op else other for other in program.ops
           if other is op or id(other) not in gone]
    return program.with_ops(ops)


def _scalar(program: Program, name: str) -> bool:
    array = program.constants.get(name)
    return array is not None and bool(np.all(array == array.reshape(-1)[0]))
