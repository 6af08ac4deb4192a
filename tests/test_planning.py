# SPDX-License-Identifier: MIT
"""The arena: nothing alive is overwritten, and memory is shared."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.observed import parts_of_observation
from puffer_edge.ir.ops import Binary, Concat, Gemm, LSTMCell, Reshape, Unary
from puffer_edge.passes import optimize
from puffer_edge.planning import Plan, plan
from tests import zoo


def simulate(program: Program, planned: Plan) -> None:
    """Runs a step with every value in its planned place and compares with the interpreter.

    A value is copied out of a byte arena (or state storage) just before an op reads it, so a value
    that was overwritten too early is read wrong.
    """
    interpreter = Interpreter(program)
    observed = parts_of_observation(program)
    random = np.random.default_rng(3)
    storage = {s.input: np.copy(s.initial) for s in program.states}
    for _ in range(3):
        observation = zoo.permitted(
            program, random.standard_normal(program.contract.observation_size))
        expected = interpreter.values(observation)
        arena = np.full(max(planned.arena, 4), 255, np.uint8)
        own: dict[str, np.ndarray] = {**program.constants, program.input: expected[program.input]}

        def read(name: str) -> np.ndarray:
            value = program.values[name]
            if name in own:  # noqa: B023
                return own[name]  # noqa: B023
            if name in planned.stored:
                return storage[planned.stored[name]].reshape(value.shape).copy()
            start = planned.offsets[name]
            return np.frombuffer(arena.tobytes()[start : start + value.nbytes],  # noqa: B023
                                 value.numpy_dtype).reshape(value.shape)

        for index, op in enumerate(planned.ops):
            inputs = [read(name) if name else None for name in op.inputs]
            if index in planned.scratch:
                start = planned.scratch[index]
                arena[start : start + 4 * op.scratch(program.operands(op))] = 170
            for name, result in zip(op.outputs, op.evaluate(inputs), strict=True):
                if name in observed or (isinstance(op, Reshape) and op.x in own):
                    own[name] = result
                elif name in planned.stored:
                    storage[planned.stored[name]] = result.reshape(
                        storage[planned.stored[name]].shape)
                else:
                    start = planned.offsets[name]
                    arena[start : start + result.nbytes] = np.frombuffer(
                        result.tobytes(), np.uint8)
        for name in program.results:
            assert np.array_equal(read(name), expected[name]), name
        fresh = {s.input: read(s.output).reshape(s.initial.shape).copy() for s in program.states}
        storage.update(fresh)
        interpreter.step(observation)


@pytest.mark.parametrize("case", ["mlp", "gru", "lstm", "conv_strides"])
def test_sharing_never_costs_memory(case: str) -> None:
    """... working memory included, which a GRU has more of than of values."""
    program = optimize(zoo.program(case))
    planned = plan(program)
    assert planned.lower_bound <= planned.arena <= planned.unshared
    alone = sum(op.scratch(program.operands(op)) * 4 for op in planned.ops)
    assert planned.unshared >= alone + max(program.values[name].nbytes for name in planned.offsets)


@pytest.mark.parametrize("case", [*zoo.CASES, *zoo.QUANTIZED])
def test_nothing_alive_is_overwritten(case: str) -> None:
    program = zoo.program(case) if case in zoo.QUANTIZED else optimize(zoo.program(case))
    simulate(program, plan(program))


@st.composite
def graphs(draw: st.DrawFn) -> Program:
    """Random graphs of elementwise ops, linear layers and concatenations, with a state."""
    bench = zoo.Bench((1, draw(st.integers(1, 5))), seed=draw(st.integers(0, 99)))
    state = bench.builder.state("state", (1, 4))
    values = [bench.x, state]
    for _ in range(draw(st.integers(1, 10))):
        x = draw(st.sampled_from(values))
        size = bench.builder.shape(x)[1]
        kind = draw(st.sampled_from(["unary", "gemm", "binary", "concat", "reshape"]))
        if kind == "unary":
            y = bench.op(Unary, x=x, function=Activation("relu"))
        elif kind == "gemm":
            y = bench.op(Gemm, x=x, weight=bench.weight(draw(st.integers(1, 6)), size))
        elif kind == "binary":
            same = [v for v in values if bench.builder.shape(v) == bench.builder.shape(x)]
            y = bench.op(Binary, a=x, b=draw(st.sampled_from(same)), function="add")
        elif kind == "concat":
            y = bench.op(Concat, xs=(x, draw(st.sampled_from(values))), axis=1)
        else:
            y = bench.op(Reshape, x=bench.op(Reshape, x=x, shape=(size,)), shape=(1, size))
        values.append(y)
    last = draw(st.sampled_from(values))
    fitting = [v for v in values if bench.builder.shape(v) == (1, 4)]
    bench.builder.carry(state, draw(st.sampled_from(fitting)))
    return bench.program(last)


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_random_graphs_are_planned_right(program: Program) -> None:
    program = optimize(program)
    planned = plan(program)
    simulate(program, planned)
    assert planned.arena >= 0
    assert planned.arena <= sum(
        -(-program.values[v].nbytes // 4) * 4 for op in planned.ops for v in op.outputs) + sum(
        4 * op.scratch(program.operands(op)) for op in planned.ops)


def test_a_deep_net_needs_two_layers_of_memory_not_ten() -> None:
    bench = zoo.Bench((1, 16))
    x = bench.x
    for _ in range(10):
        x = bench.op(Gemm, x=x, weight=bench.weight(16, 16), activation=Activation("relu"))
    planned = plan(optimize(bench.program(x)))
    assert planned.arena == planned.lower_bound == 2 * 16 * 4


def test_an_lstms_cell_state_is_updated_where_it_lies() -> None:
    program = optimize(zoo.program("lstm"))
    planned = plan(program)
    cell = next(state for state in program.states if state.input.startswith("c"))
    assert planned.stored[cell.output] == cell.input


def test_a_value_that_is_also_the_hidden_state_is_not_overwritten_by_the_cell_state() -> None:
    """The kernel writes c' unit by unit and reads all of x and h for every unit."""
    bench = zoo.Bench((1, 7))
    same = bench.op(Unary, x=bench.x, function=Activation("tanh"))
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=same, h=same, c=same, weight=bench.weight(28, 7),
        recurrent=bench.weight(28, 7), bias=bench.weight(28))
    program = optimize(bench.program(bench.op(Concat, xs=(y_h, y_c), axis=1)))
    planned = plan(program)
    assert planned.offsets[y_c] != planned.offsets[same]
