# SPDX-License-Identifier: MIT
"""What is finite whatever the observation is, and what is refused where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.errors import StepError
from puffer_edge.finiteness import magnitudes, unproved
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program, Status
from puffer_edge.ir.ops import Binary, Gemm, LSTMCell, MatMul, Unary
from puffer_edge.passes import optimize
from puffer_edge.planning import plan
from tests import zoo


def extremes(n: int) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    sign = np.where(np.arange(n) % 2, 1.0, -1.0)
    patterns = [np.ones(n), -np.ones(n), sign, np.eye(n)[0], random.uniform(-1, 1, n)]
    return [np.float32(magnitude * pattern) for magnitude in (3.4e38, 3e38, 1e38, 1e30, 1e19, 1.0)
            for pattern in patterns]


@pytest.mark.parametrize("name", [*zoo.CASES, "lstm_int8", "min_gru_2_layers_int16"])
def test_no_value_exceeds_its_bound(name: str) -> None:
    """Of every op, with the state carried on as far as it is accepted."""
    program = zoo.program(name)
    program = program if name in zoo.QUANTIZED else optimize(program)
    bounds = magnitudes(program)
    interpreter = Interpreter(program)
    for x in extremes(program.contract.observation_size):
        x = zoo.permitted(program, x)
        values = interpreter.values(x)
        for value, array in values.items():
            if bounds[value] < np.inf:
                assert np.isfinite(array).all(), value
                assert np.abs(array.astype(np.float64)).max(initial=0) <= bounds[value], value
        try:
            interpreter.advance(values)
        except StepError as error:
            found = unproved(program)
            assert found.states if error.status == Status.BAD_STATE else found.outputs


def test_bounds_hold_after_many_steps_in_one_direction() -> None:
    """A cell that counts up for ever keeps below 2^24; its gates are as far open as they can be."""
    bench = zoo.Bench((1, 1))
    h, c = (bench.builder.state(name, (1, 1)) for name in "hc")
    wide = bench.builder.constant(np.full((4, 1), 1e30, np.float32), "w")
    y_h, y_c = bench.builder.add_many(LSTMCell, ("", ""), x=bench.x, h=h, c=c, weight=wide,
                                      recurrent=bench.weight(4, 1))
    bench.builder.carry(h, y_h)
    bench.builder.carry(c, y_c, np.full((1, 1), 2.0**24, np.float32))
    program = bench.program(bench.op(Gemm, x=y_h, weight=bench.weight(2, 1)))
    assert not unproved(program)
    interpreter = Interpreter(program)
    for _ in range(50):
        values = interpreter.values(np.ones(1))
        interpreter.advance(values)
    assert float(values[y_c].max()) == 2.0**24


def test_what_is_proved_costs_nothing() -> None:
    """Of cells and layers of tanh; relu after the observation may overflow."""
    for name in ("mlp", "lstm", "gru_2_layers"):
        assert not unproved(optimize(zoo.program(name)))
    for name in ("residual", "min_gru"):
        assert unproved(optimize(zoo.program(name))).outputs


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["a row of zeros", "a product with zeros"])
def test_zero_times_infinity_is_no_zero(kind: str) -> None:
    bench = zoo.Bench((1, 2))
    large = bench.builder.constant(np.full((2, 2), 1e30, np.float32), "large")
    x = bench.op(Gemm, x=bench.x, weight=large)
    if kind == "a row of zeros":
        y = bench.op(Gemm, x=x, weight=bench.builder.constant(
            np.array([[0, 0], [1, 0]], np.float32), "w"))
    else:
        y = bench.op(MatMul, a=x, b=bench.builder.constant(np.zeros((2, 2), np.float32), "b"))
    program = bench.program(y)
    values = Interpreter(program).values(np.full(2, 3e38))
    assert np.isnan(values[y]).any()  # so it must not be taken for proved
    assert y in unproved(program).outputs


def summing() -> Program:
    """Remembers the sum of all observations, and an LSTM's cell beside it."""
    bench = zoo.Bench((1, 3))
    total = bench.builder.state("total", (1, 3))
    h, c = (bench.builder.state(name, (1, 3)) for name in "hc")
    after = bench.op(Binary, a=total, b=bench.x, function="add")
    y_h, y_c = bench.builder.add_many(LSTMCell, ("", ""), x=bench.x, h=h, c=c,
                                      weight=bench.weight(12, 3), recurrent=bench.weight(12, 3))
    for before, new in ((total, after), (h, y_h), (c, y_c)):
        bench.builder.carry(before, new)
    y = bench.op(Binary, a=bench.op(Unary, x=after, function=Activation("tanh")), b=y_h,
                 function="add")
    return bench.program(y)


def test_a_state_that_would_overflow_is_refused() -> None:
    interpreter, other = Interpreter(summing()), Interpreter(summing())
    for x in (1.0, 3e38, 2.0):
        interpreter.step(np.full(3, x))
        other.step(np.full(3, x))
    before = {name: array.copy() for name, array in interpreter.state.items()}
    with pytest.raises(StepError, match="remember") as refused:
        interpreter.step(np.full(3, 3e38))
    assert refused.value.status == Status.BAD_STATE
    assert all(np.array_equal(before[name], interpreter.state[name]) for name in before)
    assert np.array_equal(interpreter.step(np.ones(3))["logits"], other.step(np.ones(3))["logits"])


def test_an_output_that_overflows_is_refused() -> None:
    bench = zoo.Bench((1, 3))
    interpreter = Interpreter(bench.program(
        bench.op(Binary, a=bench.x, b=bench.x, function="mul")))
    with pytest.raises(StepError, match="outputs") as refused:
        interpreter.step(np.full(3, 1e20))
    assert refused.value.status == Status.BAD_OUTPUT
    with pytest.raises(StepError) as refused:
        interpreter.step(np.full(3, np.nan))
    assert refused.value.status == Status.BAD_OBSERVATION


def test_nothing_is_updated_in_place_before_it_is_known_to_be_finite() -> None:
    """The LSTM's cell could be; here the step may yet be refused for another state."""
    for program, in_place in (summing(), False), (zoo.program("lstm"), True):
        stored = plan(program).stored
        assert any(name in stored for op in program.ops for name in op.outputs) == in_place
