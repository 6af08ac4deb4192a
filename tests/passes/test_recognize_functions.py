# SPDX-License-Identifier: MIT
"""Functions that are spelled out in arithmetic become the functions themselves."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation
from puffer_edge.ir.ops import Binary, Unary
from puffer_edge.passes import recognize_functions
from tests import zoo


def gelu_as_exporters_write_it(bench: zoo.Bench, x: str, order: int) -> str:
    half, one, root = (bench.builder.constant(np.float32(v)) for v in (0.5, 1, 2**0.5))
    inner = bench.op(Unary, x=bench.op(Binary, a=x, b=root, function="div"),
                     function=Activation("erf"))
    inner = bench.op(Binary, a=inner, b=one, function="add")
    if order == 0:
        return bench.op(Binary, a=bench.op(Binary, a=x, b=inner, function="mul"), b=half,
                        function="mul")
    if order == 1:
        return bench.op(Binary, a=bench.op(Binary, a=half, b=x, function="mul"), b=inner,
                        function="mul")
    return bench.op(Binary, a=bench.op(Binary, a=inner, b=half, function="mul"), b=x,
                    function="mul")


@pytest.mark.parametrize("order", [0, 1, 2])
def test_gelu_in_arithmetic_is_recognized(order: int) -> None:
    bench = zoo.Bench((1, 4))
    hidden = bench.op(Unary, x=bench.x, function=Activation("tanh"))
    y = gelu_as_exporters_write_it(bench, hidden, order)
    program = recognize_functions(bench.program(y))
    assert [op.function.function for op in program.ops] == ["tanh", "gelu"]


def test_silu_in_arithmetic_is_recognized() -> None:
    bench = zoo.Bench((1, 4))
    gate = bench.op(Unary, x=bench.x, function=Activation("sigmoid"))
    program = recognize_functions(bench.program(
        bench.op(Binary, a=bench.x, b=gate, function="mul")))
    assert [op.function.function for op in program.ops] == ["silu"]


@pytest.mark.parametrize("order", [0, 1])
def test_softsign_in_arithmetic_is_recognized_bit_for_bit(order: int) -> None:
    bench = zoo.Bench((1, 64))
    size = bench.op(Unary, x=bench.x, function=Activation("abs"))
    operands = (size, bench.builder.constant(np.float32(1)))
    below = bench.op(Binary, a=operands[order], b=operands[1 - order], function="add")
    written = bench.program(bench.op(Binary, a=bench.x, b=below, function="div"))
    program = recognize_functions(written)
    assert [op.function.function for op in program.ops] == ["softsign"]
    x = np.random.default_rng(0).standard_cauchy(64).astype(np.float32)
    assert np.array_equal(Interpreter(program).step(x)["logits"],
                          Interpreter(written).step(x)["logits"])


def test_what_is_almost_gelu_stays() -> None:
    bench = zoo.Bench((1, 4))
    y = gelu_as_exporters_write_it(bench, bench.x, 0)
    almost = bench.op(Binary, a=y, b=bench.builder.constant(np.float32(1e-3)), function="add")
    program = recognize_functions(bench.program(almost))
    assert [type(op) for op in program.ops] == [Unary, Binary]


def test_a_gelu_whose_inside_is_read_elsewhere_stays() -> None:
    bench = zoo.Bench((1, 4))
    inner = bench.op(Unary, x=bench.x, function=Activation("sigmoid"))
    y = bench.op(Binary, a=bench.x, b=inner, function="mul")
    program = bench.program(bench.op(zoo.Concat, xs=(y, inner), axis=1))
    assert recognize_functions(program).ops == program.ops


def functions(*parts: tuple[str, tuple[float, ...]]) -> list[str]:
    """Names of the functions that are left of a chain of them."""
    bench = zoo.Bench((1, 4))
    x = bench.x
    for name, parameters in parts:
        x = bench.op(Unary, x=x, function=Activation(name, parameters))
    return [op.function.function for op in recognize_functions(bench.program(x)).ops
            if isinstance(op, Unary)]


@pytest.mark.parametrize("limit", [13.0, 20.0, 1e3, 1e9])
def test_a_clamp_far_out_is_kept(limit: float) -> None:
    assert functions(("relu", ()), ("clip", (-limit, limit))) == ["relu", "clip"]
    assert functions(("clip", (-limit, limit)), ("gelu", ())) == ["clip", "gelu"]


def test_a_clamp_before_a_logarithm_is_kept() -> None:
    assert functions(("sigmoid", ()), ("clip", (1e-6, 1 - 1e-6)), ("log", ())) == [
        "sigmoid", "clip", "log"]
