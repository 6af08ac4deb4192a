# SPDX-License-Identifier: MIT
"""Which values of a Program are finite whatever the observation is, so that no device need look.

Magnitudes go forward from the observation, which is finite, through a bound per op. A state is
finite in the beginning, and a step that would change that is refused: so it may be taken to be
finite wherever it is read. Cells of tanh and sigmoid keep what they remember within 2^24, where an
addition of 1 is lost in rounding; what is not bounded here is looked at in every step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.ir import Activation, Op, Program
from puffer_edge.ir.functions import FUNCTIONS

Rule = Callable[[Any, list[float], list[Array | None], Program], float | tuple[float, ...]]

LARGEST = float(np.finfo(np.float32).max)
SATURATED = 2.0**24
RUNGS = (1.0, SATURATED, LARGEST)
"""A state's magnitude is the first of these that its successor keeps."""

BOUNDED = {"tanh": 1.0, "sigmoid": 1.0, "erf": 1.0, "hard_sigmoid": 1.0}
"""Functions whose numbers lie in [-1, 1] for every x, NaN included."""

SLACK = 2.0**-22
"""Relative, per rounding; four times what one can be."""


@dataclass(frozen=True)
class Unproved:
    """What has to be looked at in every step.

    Attributes:
        states: names of new states.
        outputs: names of outputs.
    """

    states: tuple[str, ...]
    outputs: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.states or self.outputs)


def unproved(program: Program) -> Unproved:
    """New states and outputs that some finite observation may make NaN or infinite."""
    largest = magnitudes(program)

    def of(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in dict.fromkeys(names) if largest[name] == math.inf)

    return Unproved(of([state.output for state in program.states]), of(program.outputs))


def magnitudes(program: Program) -> dict[str, float]:
    """Upper bound of ``|element|`` of every value, infinity where it may also be NaN."""
    known = {state.input: _start(float(np.abs(state.initial).max(initial=0.0)))
             for state in program.states}
    while True:
        found = _forward(program, known)
        grown = {state.input: _start(min(found[state.output], LARGEST))
                 for state in program.states if min(found[state.output], LARGEST)
                 > known[state.input]}
        if not grown:
            return found
        known |= grown


def _start(magnitude: float) -> float:
    return next(rung for rung in RUNGS if magnitude <= rung)


def _forward(program: Program, states: dict[str, float]) -> dict[str, float]:
    found = dict(states)
    found[program.input] = LARGEST
    for name, array in program.constants.items():
        found[name] = float(np.abs(array.astype(np.float64)).max(initial=0.0))
    for op in program.ops:
        rule = RULES.get(type(op).__name__, _unknown)
        bounds = rule(op, [found[name] for name in op.operands],
                      [program.constants.get(name) if name else None for name in op.inputs],
                      program)
        for index, name in enumerate(op.outputs):
            bound = bounds[index] if isinstance(bounds, tuple) else bounds
            found[name] = bound if bound <= LARGEST else math.inf
            if program.values[name].dtype != "float32":
                found[name] = 2.0**31  # an integer is always finite
    return found


def _unknown(op: Op, x: list[float], constants: list[Array | None], program: Program) -> float:
    return math.inf


def _moved(op: Op, x: list[float], constants: list[Array | None], program: Program) -> float:
    return max(x, default=0.0)


def _activated(function: Activation | None, x: float) -> float:
    """Of a function of elements that are at most x; x may be infinite."""
    if function is None:
        return x
    name, parameters = function.function, function.parameters
    if name in BOUNDED:
        return BOUNDED[name]
    if name == "clip":
        return max(map(abs, parameters))
    known = FUNCTIONS[name]
    if name == "leaky_relu":
        return x * max(1.0, abs(parameters[0]) * (1 + SLACK))
    if name in ("elu", "celu"):
        return max(x, abs(parameters[0]) * (1 + SLACK))
    defaults = tuple(default for _, default in known.parameters)
    if known.lipschitz is None or parameters != defaults:
        return math.inf
    exact = abs(float(known.exact(np.zeros(1), *parameters)[0])) + known.lipschitz * x
    return exact * (1 + known.rel_error + SLACK) + known.abs_error


def _rows(weight: Array, bias: Array | None, x: float) -> float:
    """Largest sum of a row of weights, every partial sum included."""
    rows = np.abs(weight.astype(np.float64)).reshape(len(weight), -1)
    if x == math.inf or not np.isfinite(rows).all():
        return math.inf  # also of a row of zeros: 0 times NaN or infinity is NaN
    sums = rows.sum(1) * x + (0 if bias is None else np.abs(bias.astype(np.float64)))
    return float(sums.max(initial=0.0)) * (1 + SLACK * (rows.shape[1] + 2))


def _linear(op: Any, x: list[float], constants: list[Array | None], program: Program) -> float:
    weight, bias = constants[1], constants[2] if len(constants) > 2 else None
    if weight is None or (op.bias and bias is None):
        return math.inf
    return _activated(op.activation, _rows(weight, bias, x[0]))


def _batch_normalization(op: Any, x: list[float], constants: list[Array | None],
                         program: Program) -> float:
    return (x[0] * x[1] + (x[2] if len(x) > 2 else 0.0)) * (1 + 2 * SLACK)


def _binary(op: Any, x: list[float], constants: list[Array | None], program: Program) -> float:
    a, b = x
    if op.function == "div":
        smallest = 0.0 if constants[1] is None else float(np.abs(constants[1]).min())
        return a / smallest * (1 + SLACK) if smallest else math.inf
    if math.inf in (a, b):
        return math.inf
    return {"add": a + b, "sub": a + b, "mul": a * b}.get(op.function, max(a, b)) * (
        1 if op.function in ("min", "max") else 1 + SLACK)


def _reduce(op: Any, x: list[float], constants: list[Array | None], program: Program) -> float:
    count = op.blocks(program.values[op.x].shape)[1]
    return x[0] if op.function in ("min", "max") else x[0] * count * (1 + SLACK * count)


def _softmax(op: Any, x: list[float], constants: list[Array | None], program: Program) -> float:
    return math.inf if x[0] == math.inf else 1.0


def _matmul(op: Any, x: list[float], constants: list[Array | None], program: Program) -> float:
    count = program.values[op.a].shape[-1]
    if math.inf in x:  # also beside zeros
        return math.inf
    return x[0] * x[1] * count * (1 + SLACK * (count + 1))


def _lstm(op: Any, x: list[float], constants: list[Array | None],
          program: Program) -> tuple[float, ...]:
    cell = x[op.operands.index(op.c)]
    return 1.0, SATURATED if cell <= SATURATED else math.inf


def _gru(op: Any, x: list[float], constants: list[Array | None], program: Program) -> float:
    return SATURATED if x[op.operands.index(op.h)] <= SATURATED else math.inf


RULES: dict[str, Rule] = {
    "BatchNormalization": _batch_normalization,
    "Binary": _binary,
    "Conv": _linear,
    "GRUCell": _gru,
    "Gemm": _linear,
    "LSTMCell": _lstm,
    "Mask": lambda op, x, *_: math.inf if x[0] == math.inf else LARGEST,
    "MatMul": _matmul,
    "OneHot": lambda *_: 1.0,
    "Pad": lambda op, x, *_: max(x[0], abs(op.value)),
    "Reduce": _reduce,
    "Softmax": _softmax,
    "Unary": lambda op, x, *_: _activated(op.function, x[0]),
    **dict.fromkeys(("Concat", "Expand", "Gather", "Reshape", "Slice", "Split", "Transpose"),
                    _moved),
}
"""Bound of an op's outputs from those of its operands, which may be infinite."""
