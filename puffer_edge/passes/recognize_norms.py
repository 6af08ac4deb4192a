# SPDX-License-Identifier: MIT
"""Finds L2 and RMS norms that a graph spells out in arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from puffer_edge.ir import Op, Program
from puffer_edge.ir.ops import Binary, Expand, L2Normalization, Reduce, Reshape, Unary
from puffer_edge.passes.dead_code import remove_dead_code

FAR = 1e30
"""An upper bound of a clamp from which on it is none: a root of a float32 is at most 1.9e19."""


@dataclass(frozen=True)
class Root:
    """``max(floor, sqrt(sum or mean of squares + epsilon))``, going back from the division."""

    epsilon: float = 0.0
    floor: float = 0.0
    under: bool = False  # the square root has been met


def recognize_norms(program: Program) -> Program:
    """``x / max(sqrt(sum(x * x)), eps)``, ``x * rsqrt(mean(x * x) + eps)`` and the like.

    Over the last axes, with constants that are one number. Right because each row is divided by
    the same root, up to rounding: the op multiplies by the reciprocal.
    """
    producers = program.producers()
    ops = [_recognized(program, op, producers) or op for op in program.ops]
    if ops == list(program.ops):
        return program
    return remove_dead_code(program.with_ops(ops))


def _recognized(program: Program, op: Op, producers: dict[str, Op]) -> Op | None:
    if not isinstance(op, Binary) or op.function not in ("div", "mul"):
        return None
    pairs = [(op.a, op.b)] if op.function == "div" else [(op.a, op.b), (op.b, op.a)]
    for x, divisor in pairs:
        if program.values[x].shape != program.values[op.y].shape:
            continue
        found = _root(program, x, divisor, op.function == "mul", producers)
        if found is not None:
            return replace(found, x=x, y=op.y, layer=op.layer)
    return None


def _root(program: Program, x: str, name: str, inverse: bool,
          producers: dict[str, Op]) -> L2Normalization | None:
    """The norm by whose root (its reciprocal where ``inverse``) x is divided; None for any other.

    One op after the other is taken off, from the division back to the squares.
    """
    root, shape = Root(), None
    while isinstance(op := producers.get(name), Unary | Binary | Expand | Reshape):
        if shape is None and not isinstance(op, Expand):
            shape = program.values[name].shape  # of the divisor: it says how rows meet roots
        if isinstance(op, Expand | Reshape):
            name = op.x
        elif isinstance(op, Unary) and op.function.function == "reciprocal" and inverse:
            inverse, name = False, op.x
        elif isinstance(op, Unary) and op.function.function == "sqrt" and not root.under:
            root, name = replace(root, under=True), op.x
        else:
            bounded = _bounded(program, op, root, inverse)
            if bounded is None:
                return None
            root, name = bounded
    if isinstance(op, Reduce):
        shape = shape or program.values[name].shape
        return None if inverse or not root.under else _norm(program, x, op, root, shape, producers)
    return None


def _bounded(program: Program, op: Unary | Binary, root: Root,
             inverse: bool) -> tuple[Root, str] | None:
    """The root with what an addition or a lower bound says; None where it is neither."""
    if inverse:
        return None
    if isinstance(op, Unary):
        if op.function.function != "clip":
            return None
        low, high = op.function.parameters
        if high < FAR or low < 0:
            return None
        return _floored(root, low), op.x
    constants = [_number(program, name) for name in (op.a, op.b)]
    if (constants[0] is None) == (constants[1] is None):
        return None
    value, name = (constants[0], op.b) if constants[1] is None else (constants[1], op.a)
    assert value is not None
    if op.function == "max" and value >= 0:
        return _floored(root, value), name
    if op.function == "add" and root.under and value >= 0 and not root.epsilon:
        return replace(root, epsilon=value), name
    return None


def _floored(root: Root, low: float) -> Root:
    """Of a bound under the root its root counts, where nothing is added afterwards."""
    if root.under and root.epsilon:
        return replace(root, floor=math.inf)  # refused by _norm
    return replace(root, floor=max(root.floor, math.sqrt(low) if root.under else low))


def _norm(program: Program, x: str, op: Reduce, root: Root, shape: tuple[int, ...],
          producers: dict[str, Op]) -> L2Normalization | None:
    rows = program.values[x].shape
    axis = op.axes[0]
    square = producers.get(op.x)
    kept = (*rows[:axis], *(1,) * (len(rows) - axis))
    padded = (1,) * (len(rows) - len(shape)) + shape
    fits = (isinstance(square, Binary) and square.function == "mul" and square.a == square.b == x
            and op.function in ("sum", "mean") and op.axes == tuple(range(axis, len(rows)))
            and padded == kept and root.floor < FAR)
    if not fits:
        return None
    return L2Normalization(x=x, y="", axis=axis, mean=op.function == "mean",
                           epsilon=root.epsilon, floor=root.floor)


def _number(program: Program, name: str) -> float | None:
    """The one number that a constant consists of."""
    array = program.constants.get(name)
    if array is None or array.size == 0 or (array != array.reshape(-1)[0]).any():
        return None
    return float(array.reshape(-1)[0])
