# SPDX-License-Identifier: MIT
"""Small graphs in a line each, what is left of one, and whether its numbers stayed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.ir.ops import BatchNormalization, Binary, Conv, Gemm, Reshape
from tests import zoo

Body = Callable[[zoo.Bench], str]
Case = tuple[tuple[int, ...], Body, str]
"""Shape of the observation, a graph, and the ops that are left of it."""


def number(bench: zoo.Bench, value: float | list[float] | np.ndarray) -> str:
    return bench.builder.constant(np.asarray(value, np.float32))


def binary(function: str, a: object, b: object) -> Body:
    """An op of the observation ("x") and constants."""
    def body(bench: zoo.Bench) -> str:
        left, right = (bench.x if each == "x" else number(bench, each) for each in (a, b))
        return bench.op(Binary, a=left, b=right, function=function)
    return body


def after(*bodies: Callable[[zoo.Bench, str], str]) -> Body:
    """One after the other."""
    def body(bench: zoo.Bench) -> str:
        y = bench.x
        for each in bodies:
            y = each(bench, y)
        return y
    return body


def gemm(outputs: int, inputs: int, bias: bool = True, **fields: object
         ) -> Callable[[zoo.Bench, str], str]:
    return lambda bench, x: bench.op(Gemm, x=x, weight=bench.weight(outputs, inputs), **fields,
                                     **({"bias": bench.weight(outputs)} if bias else {}))


def norm(bench: zoo.Bench, x: str) -> str:
    channels = bench.builder.shape(x)[1]
    return bench.op(BatchNormalization, x=x, scale=bench.weight(channels),
                    shift=bench.weight(channels))


def shaped(*shape: int) -> Callable[[zoo.Bench, str], str]:
    return lambda bench, x: bench.op(Reshape, x=x, shape=shape)


def conv(filters: int, channels: int, group: int = 1, pads: tuple[int, ...] = (0, 0, 0, 0)
         ) -> Callable[[zoo.Bench, str], str]:
    return lambda bench, x: bench.op(
        Conv, x=x, weight=bench.weight(filters, channels // group, 2, 2), strides=(1, 1),
        pads=pads, dilations=(1, 1), group=group, bias=bench.weight(filters))


def kinds(program: Program) -> str:
    return " ".join(type(op).__name__ for op in program.ops)


def same(program: Program, other: Program, tolerance: float = 0.0) -> None:
    """Outputs over a sequence; the states may differ."""
    random = np.random.default_rng(5)
    first, second = Interpreter(program), Interpreter(other)
    for _ in range(6):
        x = random.standard_normal(program.contract.observation_size).astype(np.float32)
        for one, two in zip(first.step(x).values(), second.step(x).values(), strict=True):
            assert np.allclose(one, two, rtol=0, atol=tolerance)


def begun(program: Program) -> Program:
    """With states that begin with numbers of their own."""
    return replace(program, states=tuple(
        replace(state, initial=np.arange(state.initial.size, dtype=np.float32).reshape(
            state.initial.shape) + 10 * index + 1)
        for index, state in enumerate(program.states)))


def built(case: Case) -> Program:
    bench = zoo.Bench(case[0])
    y = case[1](bench)
    if bench.builder.shape(y)[:-1] != (1,):
        y = bench.op(Reshape, x=y, shape=(1, int(np.prod(bench.builder.shape(y)))))
    return bench.program(y)
