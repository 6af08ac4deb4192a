# SPDX-License-Identifier: MIT
"""A bias that is computed leaves its layer; the numbers are those of the layer with it."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Binary, Conv, Gemm, Reshape
from puffer_edge.passes import split_biases
from tests import zoo


def dense(activation: Activation | None) -> Program:
    bench = zoo.Bench((1, 4))
    bias = bench.op(Reshape, x=bench.op(Gemm, x=bench.x, weight=bench.weight(3, 4)), shape=(3,))
    return bench.program(bench.op(Gemm, x=bench.x, weight=bench.weight(3, 4), bias=bias,
                                  activation=activation))


def image(activation: Activation | None) -> Program:
    bench = zoo.Bench((1, 2, 4, 4))
    bias = bench.op(Reshape, shape=(3,), x=bench.op(
        Gemm, x=bench.op(Reshape, x=bench.x, shape=(1, 32)), weight=bench.weight(3, 32)))
    y = bench.op(Conv, x=bench.x, weight=bench.weight(3, 2, 2, 2), bias=bias, strides=(1, 1),
                 pads=(0, 0, 0, 0), dilations=(1, 1), activation=activation)
    return bench.program(bench.op(Reshape, x=y, shape=(1, 27)))


@pytest.mark.parametrize("activation", [None, Activation("tanh")])
@pytest.mark.parametrize("make", [dense, image])
def test_the_same_numbers(make: object, activation: Activation | None) -> None:
    """Up to the order of the sum: 34 terms at most, each below 4."""
    assert callable(make)
    program = make(activation)
    split = split_biases(program)
    assert all(op.bias == "" for op in split.ops if isinstance(op, Gemm | Conv))
    assert sum(isinstance(op, Binary) for op in split.ops) == 1
    random = np.random.default_rng(1)
    for _ in range(10):
        x = random.uniform(-1, 1, program.contract.observation_size).astype(np.float32)
        np.testing.assert_allclose(Interpreter(split).step(x)["logits"],
                                   Interpreter(program).step(x)["logits"],
                                   rtol=0, atol=34 * 34 * 4 * 2.0**-24)


def test_a_constant_bias_stays() -> None:
    program = zoo.program("mlp")
    assert split_biases(program) is program
