# SPDX-License-Identifier: MIT
"""What integers keep as it is: what a state becomes, and the larger of two numbers."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import (
    Binary,
    BinaryInteger,
    Concat,
    Gemm,
    LSTMCell,
    LSTMCellInteger,
    Pad,
    Reshape,
    Slice,
    Unary,
)
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.emit import Emitter
from puffer_edge.quantization.ranges import Ranges
from puffer_edge.quantization.schemes import SCHEMES
from tests import zoo


@pytest.mark.parametrize("scheme", ["int8", "int8x16", "int16"])
def test_a_state_that_is_the_last_observation(scheme: str) -> None:
    """It is quantised as the state is, and the next step reads the same number."""
    bench = zoo.Bench((1, 3))
    last = bench.builder.state("last", (1, 3))
    y = bench.op(Concat, xs=(last, bench.x), axis=1)
    y = bench.op(Unary, x=bench.op(Gemm, x=y, weight=bench.weight(8, 6)),
                 function=Activation("tanh"))
    bench.builder.carry(last, bench.x)
    program = zoo.in_integers(bench.program(bench.op(Gemm, x=y, weight=bench.weight(2, 8))), scheme)
    (state,) = program.states
    stored, made = program.values[state.input], program.values[state.output]
    qparams = stored.quantization
    assert qparams is not None and stored.dtype == made.dtype
    runner = Interpreter(program)
    for x in np.random.default_rng(0).uniform(-1, 1, (20, 3)).astype(np.float32):
        values = runner.values(x)
        real = (values[state.output].astype(float) - qparams.zero_point) * qparams.scale
        assert np.all(np.abs(real - x) <= 0.51 * qparams.scale)
        runner.advance(values)
        assert np.array_equal(runner.values(x)[state.input], values[state.output])


@pytest.mark.parametrize("initial", [7.0, -7.0])
def test_a_state_that_begins_beyond_all_that_it_becomes(initial: float) -> None:
    """Its range holds what no step makes."""
    bench = zoo.Bench((1, 3))
    last = bench.builder.state("last", (1, 3))
    y = bench.op(Concat, xs=(last, bench.x), axis=1)
    bench.builder.carry(last, bench.x, np.full((1, 3), initial, np.float32))
    program = zoo.in_integers(bench.program(
        bench.op(Gemm, x=y, weight=bench.weight(2, 6))), "int16")
    (state,) = program.states
    qparams = program.values[state.input].quantization
    assert qparams is not None
    assert np.allclose(state.initial * qparams.scale, initial, atol=qparams.scale)


@pytest.mark.parametrize("scheme", ["int8", "int16"])
def test_a_hidden_state_is_stored_as_its_successor(scheme: str) -> None:
    """Also where another layer, which would do with 8 bits, reads it through a reshape."""
    bench = zoo.Bench((1, 6))
    h, c = (bench.builder.state(name, (1, 7)) for name in "hc")
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=bench.x, h=h, c=c, weight=bench.weight(28, 6),
        recurrent=bench.weight(28, 7), bias=bench.weight(28))
    outside = bench.op(Reshape, x=bench.op(Reshape, x=y_h, shape=(7, 1)), shape=(1, 7))
    bench.builder.carry(h, bench.op(Binary, a=outside, b=bench.weight(7), function="mul"))
    bench.builder.carry(c, y_c)
    program = zoo.in_integers(bench.program(bench.op(Gemm, x=y_h, weight=bench.weight(2, 7))),
                              scheme)
    (cell,) = (op for op in program.ops if isinstance(op, LSTMCellInteger))
    assert program.values[cell.h].dtype == program.values[cell.y_h].dtype


def test_a_layer_s_own_names_do_not_clash_with_values() -> None:
    """A value that is called like the table of the gates, as a layer's activation may be."""
    program = zoo.program("lstm")
    names = {name: "tanh" for op in program.ops if isinstance(op, Gemm) for name in op.outputs}
    renamed = program.with_ops((op.renamed(names) for op in program.ops),
                               outputs=tuple(names.get(name, name) for name in program.outputs),
                               output_names=program.output_names)
    assert "tanh" in renamed.values
    assert "tanh" in zoo.in_integers(renamed, "int8").values


@pytest.mark.parametrize("scheme", ["int8", "int8x16", "int16"])
def test_the_larger_of_two_keeps_its_integer(scheme: str) -> None:
    """Max pooling with a border of the smallest float, which must not be a part of any range."""
    bench = zoo.Bench((1, 6))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(16, 6))
    y = bench.op(Reshape, x=y, shape=(1, 1, 4, 4))
    y = bench.op(Pad, x=y, begins=(0, 0, 0, 1), ends=(0, 0, 0, 1),
                 value=float(np.finfo(np.float32).min))
    a, b = (bench.op(Slice, x=y, starts=(0, 0, 0, start), counts=(1, 1, 4, 3), steps=(1, 1, 1, 2))
            for start in (0, 1))
    y = bench.op(Reshape, x=bench.op(Binary, a=a, b=b, function="max"), shape=(1, 12))
    program = zoo.in_integers(bench.program(bench.op(Gemm, x=y, weight=bench.weight(2, 12))),
                              scheme)
    (op,) = (op for op in program.ops if isinstance(op, BinaryInteger))
    for x in np.random.default_rng(0).standard_normal((50, 6)):
        values = Interpreter(program).values(x)
        larger = np.maximum(values[op.a], values[op.b]).astype(int)
        slack = 0 if values[op.y].dtype == np.int8 else 1  # a factor has 15 bits
        assert np.abs(values[op.y].astype(int) - larger).max() <= slack
        assert np.ptp(larger) > 20


def test_the_name_of_a_constant_is_never_given_twice() -> None:
    program = zoo.program("mlp")
    emitter = Emitter(Ranges(program, Calibration({}, {}, 0), SCHEMES["int8"]))
    taken = program.input
    first = emitter.constant(np.arange(3), taken)
    again = emitter.constant(np.arange(3), first)
    other = emitter.constant(np.arange(4), first)
    assert len({taken, first, other}) == 3 and again == first
    assert emitter.constants[other].size == 4
