# SPDX-License-Identifier: MIT
"""What a reader may get wrong, as changes of the Program that it makes; a function each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from puffer_edge.ir import Activation, Continuous, Discrete, Op, Program
from puffer_edge.ir.ops import BatchNormalization, Binary, Gemm, LSTMCell, Reshape, Unary
from puffer_edge.ir.program import State

Misreading = Callable[[Program], Program | None]
"""None where the policy has nothing of the kind."""


def _with(program: Program, old: Op | None, new: Op | None, **constants: Any) -> Program | None:
    """The Program with one op in place of another, or without it; constants by their name."""
    if old is None:
        return None
    ops = [new if op is old else op for op in program.ops]
    if new is None:
        ops = _without(program, old)
    arrays = {**program.constants, **{name: np.asarray(array, np.float32)
                                      for name, array in constants.items()}}
    return program.with_ops([op for op in ops if op is not None], arrays)


def _without(program: Program, old: Any) -> list[Op]:
    """The ops, those that read the old one's result reading its input instead."""
    found = []
    for op in program.ops:
        if op is not old:
            changed = {name: old.x for name in op.INPUTS if getattr(op, name) == old.y}
            found.append(replace(op, **changed) if changed else op)
    return found


def _first(program: Program, kind: type[Any], *functions: str) -> Any:
    return next((op for op in program.ops if isinstance(op, kind) and (
        not functions or op.function.function in functions)), None)


def _gemms(program: Program) -> list[Gemm]:
    return [op for op in program.ops if isinstance(op, Gemm)]


def _square(program: Program) -> Gemm | None:
    return next((op for op in _gemms(program) if len(set(
        program.constants[op.weight].shape)) == 1), None)


def activation_swapped(program: Program) -> Program | None:
    op = _first(program, Unary, "tanh", "relu", "elu", "gelu", "gelu_tanh", "leaky_relu")
    other = "sigmoid" if op and op.function.function == "tanh" else "tanh"
    return _with(program, op, op and replace(op, function=Activation(other)))


def activation_lost(program: Program) -> Program | None:
    op = _first(program, Unary, "tanh", "relu", "elu", "gelu", "gelu_tanh", "leaky_relu")
    return _with(program, op, None)


def slope_of_the_default(program: Program) -> Program | None:
    op = _first(program, Unary, "leaky_relu", "elu")
    default = {"leaky_relu": 0.01, "elu": 1.0}
    if op is None or op.function.parameters in ((0.01,), (1.0,), ()):
        return None
    name = op.function.function
    return _with(program, op, replace(op, function=Activation(name, (default[name],))))


def other_form_of_gelu(program: Program) -> Program | None:
    op = _first(program, Unary, "gelu", "gelu_tanh")
    other = "gelu" if op and op.function.function == "gelu_tanh" else "gelu_tanh"
    return _with(program, op, op and replace(op, function=Activation(other)))


def _normaliser(program: Program) -> tuple[str, bool] | None:
    """The constant that scales the observation, and whether it is divided by."""
    for op in program.ops[:6]:
        if isinstance(op, BatchNormalization) and not (program.constants[op.scale] == 1).all():
            return op.scale, False  # where the mean is large, it is subtracted first
        if isinstance(op, Binary) and op.function in ("mul", "div"):
            return (op.b if op.b in program.constants else op.a), op.function == "div"
    return None


def other_epsilon(program: Program) -> Program | None:
    found = _normaliser(program)
    if found is None:
        return None
    name, divided = found
    scale = program.constants[name].astype(np.float64)
    deviation = np.abs(scale if divided else 1 / scale)
    wrong = np.sqrt(deviation**2 + 1e-5)
    return _with(program, program.ops[0], program.ops[0],
                 **{name: wrong if divided else 1 / wrong})


def variance_for_deviation(program: Program) -> Program | None:
    found = _normaliser(program)
    if found is None:
        return None
    return _with(program, program.ops[0], program.ops[0],
                 **{found[0]: program.constants[found[0]] ** 2})


def mean_lost(program: Program) -> Program | None:
    for op in program.ops[:6]:
        if isinstance(op, BatchNormalization):
            return _with(program, op, op, **{op.shift: 0 * program.constants[op.shift]})
        if isinstance(op, Binary) and op.function in ("sub", "add"):
            name = op.b if op.b in program.constants else op.a
            return _with(program, op, op, **{name: 0 * program.constants[name]})
    return None


def clip_lost(program: Program) -> Program | None:
    op = _first(program, Unary, "clip")
    if op is not None:
        return _with(program, op, None)
    op = next((op for op in program.ops if isinstance(op, Binary) and op.function == "min"), None)
    wide = None if op is None else op.b if op.b in program.constants else op.a
    return None if op is None else _with(program, op, op, **{wide: program.constants[wide] + 1e6})


def gates_reordered(program: Program) -> Program | None:
    op = _first(program, LSTMCell)
    if op is None:
        return None
    i, f, g, o = np.split(program.constants[op.weight], 4)
    return _with(program, op, op, **{op.weight: np.concatenate([f, i, g, o])})


def recurrent_gates_reordered(program: Program) -> Program | None:
    op = _first(program, LSTMCell)
    if op is None:
        return None
    i, f, g, o = np.split(program.constants[op.recurrent], 4)
    return _with(program, op, op, **{op.recurrent: np.concatenate([i, f, o, g])})


def bias_of_the_cell_lost(program: Program) -> Program | None:
    op = _first(program, LSTMCell)
    return op and _with(program, op, op, **{op.bias: 0 * program.constants[op.bias]})


def states_swapped(program: Program) -> Program | None:
    op = _first(program, LSTMCell)
    return _with(program, op, op and replace(op, h=op.c, c=op.h))


def other_initial_state(program: Program) -> Program | None:
    if not program.states:
        return None
    first, *rest = program.states
    wrong = State(first.input, first.output, first.initial + np.float32(0.01))
    return replace(program, states=(wrong, *rest))


def state_not_carried(program: Program) -> Program | None:
    if not program.states:
        return None
    first, *rest = program.states
    return replace(program, states=(State(first.input, first.input, first.initial), *rest))


def _last_layer(program: Program, rows: Any) -> Program:
    """Other rows of the last layer, of whose outputs the action is made."""
    op = _gemms(program)[-1]
    constants = {op.weight: program.constants[op.weight][rows]}
    if op.bias:
        constants[op.bias] = program.constants[op.bias][rows]
    return program.with_ops(program.ops, {**program.constants, **constants},
                            contract=_narrowed(program, len(rows)))


def _narrowed(program: Program, width: int) -> Any:
    contract, action = program.contract, program.contract.action
    if width == action.width:
        return contract
    if isinstance(action, Discrete):
        return replace(contract, action=Discrete(action.sizes[:-1] or (width,)))
    return replace(contract, action=replace(action, size=width, low=action.low[:width],
                                            high=action.high[:width]))


def _one_last(program: Program) -> bool:
    """Whether the last layer alone makes the whole action."""
    gemms, last = _gemms(program), program.producers().get(program.outputs[0])
    if isinstance(last, Reshape):
        last = program.producers().get(last.x)
    return bool(gemms) and gemms[-1] is last


def head_dropped(program: Program) -> Program | None:
    action = program.contract.action
    less = action.sizes[-1] if isinstance(action, Discrete) and len(action.sizes) > 1 else 1
    if not _one_last(program) or action.width <= less or _gemms(program)[-1] is not (
            program.producers()[program.outputs[0]]):  # a Reshape fixes the width
        return None
    return _last_layer(program, np.arange(action.width - less))


def outputs_reversed(program: Program) -> Program | None:
    action = program.contract.action
    if action.width < 2 or not _one_last(program):
        return None
    return _last_layer(program, np.arange(action.width)[::-1])


def layer_skipped(program: Program) -> Program | None:
    return _with(program, _square(program), None)


def layer_transposed(program: Program) -> Program | None:
    op = _square(program)
    return op and _with(program, op, op, **{op.weight: program.constants[op.weight].T.copy()})


def bias_lost(program: Program) -> Program | None:
    op = next((op for op in _gemms(program) if op.bias), None)
    return op and _with(program, op, op, **{op.bias: 0 * program.constants[op.bias]})


def observation_reversed(program: Program) -> Program | None:
    op = next(iter(_gemms(program)), None)
    return op and _with(program, op, op, **{op.weight: program.constants[op.weight][:, ::-1]})


def one_weight_off(program: Program) -> Program | None:
    op = _gemms(program)[0]
    weight = program.constants[op.weight].copy()
    weight[0, 0] += 0.01
    return _with(program, op, op, **{op.weight: weight})


def squash_lost(program: Program) -> Program | None:
    action = program.contract.action
    if not isinstance(action, Continuous) or not action.squash:
        return None
    return replace(program, contract=replace(program.contract, action=replace(
        action, squash=False, rescale=False)))


def other_bounds(program: Program) -> Program | None:
    action = program.contract.action
    if not isinstance(action, Continuous) or not action.low:
        return None
    return replace(program, contract=replace(program.contract, action=replace(
        action, high=tuple(bound + 0.01 for bound in action.high))))


MISREADINGS: tuple[Misreading, ...] = (
    activation_swapped, activation_lost, slope_of_the_default, other_form_of_gelu, other_epsilon,
    variance_for_deviation, mean_lost, clip_lost, gates_reordered, recurrent_gates_reordered,
    bias_of_the_cell_lost, states_swapped, other_initial_state, state_not_carried, head_dropped,
    outputs_reversed, layer_skipped, layer_transposed, bias_lost, observation_reversed,
    one_weight_off, squash_lost, other_bounds)
