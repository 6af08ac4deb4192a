# SPDX-License-Identifier: MIT
"""Sums, products and extremes of activations in integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puffer_edge.errors import UnsupportedError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Binary, BinaryInteger, Gemm, Unary
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES
from tests import zoo

FUNCTIONS = ("add", "sub", "mul", "min", "max")


def in_integers(bench: zoo.Bench, y: str, scheme: str) -> Program:
    prepared = optimize(bench.program(y), fuse=False)
    size = prepared.contract.observation_size
    observations = np.random.default_rng(1).standard_normal((64, size)).astype(np.float32)
    found = calibrate(prepared, observations, np.arange(64) == 0)
    return quantize(prepared, found, SCHEMES[scheme])


def two_layers(bench: zoo.Bench, sizes: tuple[float, float]) -> list[str]:
    """Outputs of two layers with weights of those sizes."""
    return [bench.op(Gemm, x=bench.x, weight=bench.weight(5, 4, scale=size),
                     bias=bench.weight(5, scale=size)) for size in sizes]


@given(function=st.sampled_from(FUNCTIONS), scheme=st.sampled_from(list(SCHEMES)),
       sizes=st.tuples(st.floats(1e-4, 1e3), st.floats(1e-4, 1e3)), seed=st.integers(0, 1000),
       last=st.booleans())
@settings(max_examples=80, deadline=None)
def test_no_operands_break_the_range_proof(function: str, scheme: str, sizes: tuple[float, float],
                                           seed: int, last: bool) -> None:
    """All ends of both operands' ranges, and a result that is right to its own resolution.

    Exact arithmetic of the real numbers that the integers stand for is off by at most: one unit of
    the result; the factors' and the multiplier's 2^-13, as of requantization; for products what an
    operand loses that gives up a bit.
    """
    bench = zoo.Bench((1, 4), seed)
    a, b = two_layers(bench, sizes)
    y = bench.op(Binary, a=a, b=b, function=function)
    if not last:
        y = bench.op(Gemm, x=y, weight=bench.weight(3, 5))
    program = in_integers(bench, y, scheme)
    op = next(op for op in program.ops if isinstance(op, BinaryInteger))
    values = [program.values[name] for name in (op.a, op.b)]
    all_qparams = [value.quantization for value in values]
    ends = [np.array([[m.low, m.high, m.zero_point, m.low, m.high // 3]]) for m in all_qparams]
    constants = [program.constants[name] for name in (op.factors, op.output)]
    for shift in range(5):
        pair = (ends[0], np.roll(ends[1], shift))
        operands = [x.astype(v.dtype) for x, v in zip(pair, values, strict=True)]
        (got,) = op.evaluate([*operands, *constants])
        real = [(x.astype(float) - m.zero_point) * m.scale
                for x, m in zip(operands, all_qparams, strict=True)]
        exact = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "min": np.minimum,
                 "max": np.maximum}[function](*real)
        qparams = op.quantization
        low, high = ((end - qparams.zero_point) * qparams.scale
                     for end in (qparams.low, qparams.high))
        error = np.abs((got.astype(float) - qparams.zero_point) * qparams.scale
                       - np.clip(exact, low, high))
        reach = [max(m.high - m.zero_point, m.zero_point - m.low) * m.scale for m in all_qparams]
        size = reach[0] * reach[1] if function == "mul" else reach[0] + reach[1]
        assert np.all(error <= qparams.scale + size * 2.0**-13)


def test_the_observation_is_an_operand() -> None:
    """Beside the layer that quantised it feature by feature, it is quantised with one scale."""
    bench = zoo.Bench((1, 4))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(4, 4))
    y = bench.op(Binary, a=y, b=bench.x, function="add")
    floating = bench.program(bench.op(Gemm, x=y, weight=bench.weight(3, 4)))
    program = in_integers(bench, floating.outputs[0], "int16")
    qparams = program.values[program.outputs[0]].quantization
    assert qparams is not None
    for observation in np.random.default_rng(2).standard_normal((20, 4)).astype(np.float32):
        wanted = Interpreter(floating).step(observation)["logits"]
        got = Interpreter(program).step(observation)["logits"] * qparams.scale
        assert np.abs(got - wanted).max() < 0.002 * np.abs(wanted).max() + 0.002


def test_a_quotient_of_activations_is_refused_and_one_with_a_constant_is_a_product() -> None:
    bench = zoo.Bench((1, 4))
    a, b = two_layers(bench, (1.0, 1.0))
    y = bench.op(Binary, a=a, b=b, function="div")
    with pytest.raises(UnsupportedError, match="division by a computed number"):
        in_integers(bench, y, "int16")
    bench = zoo.Bench((1, 4))
    a, b = two_layers(bench, (1.0, 1.0))
    y = bench.op(Binary, a=bench.op(Binary, a=a, b=b, function="max"),
                 b=bench.builder.constant(np.float32([3, 4, -5, 0.5, 7]).reshape(1, 5)),
                 function="div")
    floating = bench.program(y)
    program = in_integers(bench, y, "int16")
    qparams = program.values[program.outputs[0]].quantization
    assert qparams is not None
    observation = np.float32([0.5, -1, 0.25, 2])
    wanted = Interpreter(floating).step(observation)["logits"]
    got = Interpreter(program).step(observation)["logits"] * qparams.scale
    assert np.abs(got - wanted).max() < 0.005


@pytest.mark.parametrize(("scheme", "least"), [("int8", 0.03), ("int8x16", 0.02), ("int16", 2e-3)])
def test_softsign_as_graphs_write_it_has_integers(scheme: str, least: float) -> None:
    """``x / (1 + |x|)``: a quotient of activations, and yet a function of one. Against numpy."""
    bench = zoo.Bench((1, 4))
    first, bias, second = bench.random.standard_normal((8, 4)), bench.random.standard_normal(8), (
        bench.random.standard_normal((3, 8)))
    constants = [bench.builder.constant(a.astype(np.float32)) for a in (first, bias, second)]
    y = bench.op(Gemm, x=bench.x, weight=constants[0], bias=constants[1])
    below = bench.op(Binary, a=bench.op(Unary, x=y, function=Activation("abs")),
                     b=bench.builder.constant(np.float32(1)), function="add")
    program = in_integers(bench, bench.op(Gemm, x=bench.op(Binary, a=y, b=below, function="div"),
                                          weight=constants[2]), scheme)
    qparams = program.values[program.outputs[0]].quantization
    assert qparams is not None
    errors = []
    for observation in np.random.default_rng(2).uniform(-1.5, 1.5, (50, 4)):
        hidden = first @ observation + bias
        wanted = second @ (hidden / (1 + np.abs(hidden)))
        got = Interpreter(program).step(observation.astype(np.float32))["logits"]
        errors.append(np.abs((got - float(qparams.zero_point)) * qparams.scale - wanted).mean())
    assert np.mean(errors) < least
