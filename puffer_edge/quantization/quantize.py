# SPDX-License-Identifier: MIT
"""Rewrites a float Program in integers.

Ops are visited in order. A value is *integer* once an op with a rule that starts integers made it;
what comes before (a normaliser with its clip) stays float and is quantised where that op reads it.
``rules/`` says, op by op, what it becomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from puffer_edge.arrays import Array
from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import Op, Program, State, Value
from puffer_edge.ir.ops import Reshape
from puffer_edge.quantization import rules  # noqa: F401, they register themselves
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.gptq import Rounding
from puffer_edge.quantization.observation import quantize_observation
from puffer_edge.quantization.parts import Parts, find_parts, read_by_one_layer
from puffer_edge.quantization.ranges import Ranges
from puffer_edge.quantization.rule import Rule
from puffer_edge.quantization.rule import rule_of as _rule_of
from puffer_edge.quantization.schemes import Scheme


def quantize(program: Program, calibration: Calibration, scheme: Scheme,
             layers: Mapping[str, Scheme] | None = None,
             rounding: Rounding | None = None) -> Program:
    """The integer Program of an optimised float one (see ``passes.optimize``).

    Where an observation of several parts can be taken apart in integers, it is.

    Args:
        program: with ReLU fused and nothing else.
        calibration: see :func:`calibration.calibrate`.
        scheme: of all layers but
        layers: those named here.
        rounding: what was rounded before, of the same policy.

    Raises:
        UnsupportedError: an op has no integer form, or a layer's sums cannot be proved.
    """
    ranges, rounding = Ranges(program, calibration, scheme, layers or {}), rounding or Rounding()
    parts = None if read_by_one_layer(program) else find_parts(program)
    if parts is not None:
        try:
            return _rewritten(ranges, parts, rounding)
        except UnsupportedError:  # in float, then; what is wrong otherwise is told there
            pass
    return _rewritten(ranges, None, rounding)


def _rewritten(ranges: Ranges, parts: Parts | None, rounding: Rounding) -> Program:
    emitter = Emitter(ranges, rounding)
    for state in ranges.program.states:
        _declare_state(state, emitter)
    if parts is not None:
        quantize_observation(parts, emitter)
    for op in ranges.program.ops:
        if parts is not None and op in parts.ops:
            continue
        rule = rule_of(op)
        if rule.starts or any(name in emitter.integers for name in op.operands):
            rule.rewrite(op, emitter)
        else:
            emitter.add(op)  # before integers begin
    return _finished(emitter)


def rule_of(op: Op) -> Rule:
    """See :func:`rule.rule_of`; here all rules are registered."""
    return _rule_of(op)


def _declare_state(state: State, emitter: Emitter) -> None:
    """A hidden state is quantised as what it becomes."""
    ranges = emitter.ranges
    name = state.input if state.input in ranges.memories else state.output
    qparams = ranges.qparams(name, None)
    emitter.states[state.input] = Value(
        state.input, state.initial.shape, ranges.dtype(name), qparams)
    emitter.declare(state.input, qparams)


def _finished(emitter: Emitter) -> Program:
    program = emitter.program
    carried = [_carried(state, emitter) for state in program.states]
    states = tuple(replace(state, initial=_initial(state, emitter))
                   for state in (*carried, *emitter.twins))
    return program.with_ops(
        emitter.ops, {**program.constants, **emitter.constants}, states=states,
        values={**program.values, **emitter.states})


def _carried(state: State, emitter: Emitter) -> State:
    """With a successor that is quantised and stored as the state is."""
    stored = emitter.states[state.input]
    assert stored.quantization is not None
    finer = next((emitter.finer[name] for name, states in emitter.ranges.states_of.items()
                  if state in states and name in emitter.finer), "")
    if finer and emitter.integers[finer].qparams == stored.quantization:
        made = f"{finer}.carried"
        emitter.add(Reshape(x=finer, y=made, shape=stored.shape))
        return replace(state, output=made)
    return replace(state, output=emitter.requantized(
        state.output, stored.quantization, stored.dtype, f"{state.output}.carried", ""))


def _initial(state: State, emitter: Emitter) -> Array:
    stored = emitter.states[state.input]
    qparams = stored.quantization
    assert qparams is not None
    integers = np.floor(state.initial / qparams.scale + 0.5) + qparams.zero_point
    return np.asarray(np.clip(integers, qparams.low, qparams.high), stored.dtype)
