# SPDX-License-Identifier: MIT
"""Where passes begin and cease to rewrite: the last number that is taken, and the first beyond."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import ActionMask, Activation, Contract, Discrete, Field, Program
from puffer_edge.ir.ops import Binary, Gemm, Reduce, Slice, Softmax, Unary
from puffer_edge.passes import (
    canonicalize_affine,
    recognize_functions,
    recognize_masks,
    recognize_norms,
)
from puffer_edge.passes.drop_softmax import drop_softmax
from tests import zoo
from tests.passes.graphs import gemm, kinds, number, same


def unary(bench: zoo.Bench, x: str, name: str, *parameters: float) -> str:
    return bench.op(Unary, x=x, function=Activation(name, parameters))


def binary(bench: zoo.Bench, function: str, a: str, b: float | str) -> str:
    return bench.op(Binary, a=a, b=b if isinstance(b, str) else number(bench, b),
                    function=function)


def part(bench: zoo.Bench, start: int, count: int) -> str:
    return bench.op(Slice, x=bench.x, starts=(0, start), counts=(1, count), steps=(1, 1))


Masking = Callable[[zoo.Bench, str, str], str]


def penalty(size: float) -> Masking:
    """Taken off from what has a 0."""
    return lambda bench, logits, mask: binary(
        bench, "sub", logits, binary(bench, "mul", binary(bench, "sub", mask, 1), -size))


def shares(bench: zoo.Bench, logits: str, mask: str) -> str:
    """Of all choices, without those that are forbidden; their sum is less than 1."""
    return binary(bench, "mul", bench.op(Softmax, x=logits, axis=1), mask)


def logarithms(bench: zoo.Bench, logits: str, mask: str) -> str:
    """Of the shares, with a penalty: a mask of the logits as well as of the logarithms."""
    return penalty(1e9)(bench, unary(bench, bench.op(Softmax, x=logits, axis=1), "log"), mask)


def masked(width: int, masking: Masking, fields: tuple[Field, ...] = ()) -> Program:
    """The first half of the observation is logits, the other half says what may be taken."""
    bench = zoo.Bench((1, 2 * width))
    logits = part(bench, 0, width)
    if width < 100:  # a layer tells logits from what becomes of them
        logits = bench.op(Gemm, x=logits, weight=number(bench, np.eye(width)))
    y = masking(bench, logits, part(bench, width, width))
    program = bench.program(y)
    return replace(program, contract=Contract(
        fields or program.contract.observation, Discrete((width,))))


def forbidding(program: Program, width: int) -> None:
    """Over random rows, the choice is the best of those that are allowed, by numpy."""
    ours, random = Interpreter(program), np.random.default_rng(0)
    for _ in range(20):
        x = random.uniform(-30, 30, 2 * width).astype(np.float32)
        x[width:] = random.random(width) < 0.5
        x[width + random.integers(width)] = 1
        wanted = np.where(x[width:] == 1, x[:width], -np.inf).argmax()
        assert ours.act(x).tolist() == [wanted]


@pytest.mark.parametrize("masking", [penalty(41), penalty(1e9), shares, logarithms])
def test_what_forbids_is_a_mask(masking: Masking) -> None:
    """Also a penalty a little beyond what logits of 20 can differ by."""
    made = recognize_masks(masked(4, masking, (Field("x", (4,)), Field("legal", (4,)))))
    assert made.contract.mask == ActionMask(4, (4,))
    assert kinds(made) == "Slice Gemm Reshape Slice Mask"  # nothing is left of the arithmetic
    assert any("elements 4 to 7 of the observation (legal) are the action mask: 0 forbids"
               in note.text for note in made.notes)
    forbidding(made, 4)


@pytest.mark.parametrize("size", [1.0, 20.0])
def test_what_a_large_logit_outweighs_is_none(size: float) -> None:
    assert recognize_masks(masked(4, penalty(size))).contract.mask is None


@pytest.mark.parametrize(("width", "found"), [(2, True), (4096, True), (4097, False)])
def test_masks_are_looked_for_up_to_some_choices(width: int, found: bool) -> None:
    assert (recognize_masks(masked(width, penalty(1e9))).contract.mask is not None) == found


@pytest.mark.parametrize(("more", "dropped"), [(15, True), (16, False)])
def test_a_softmax_is_looked_for_some_ops_back(more: int, dropped: bool) -> None:
    bench = zoo.Bench((1, 3))
    y = bench.op(Softmax, x=gemm(4, 3)(bench, bench.x), axis=1)
    for _ in range(more):
        y = binary(bench, "mul", y, 1)
    made = drop_softmax(bench.program(y))
    assert ("Softmax" not in kinds(made)) == dropped


@pytest.mark.parametrize(("off", "dropped"), [(0.0, True), (0.0009, True), (0.0011, False)])
def test_probabilities_that_are_a_little_off(off: float, dropped: bool) -> None:
    bench = zoo.Bench((1, 3))
    y = bench.op(Softmax, x=gemm(4, 3)(bench, bench.x), axis=1)
    made = drop_softmax(bench.program(binary(bench, "add", y, off)))
    assert ("Softmax" not in kinds(made)) == dropped


@pytest.mark.parametrize(("factors", "found"), [(8, True), (9, False)])
def test_functions_are_looked_for_some_ops_back(factors: int, found: bool) -> None:
    """GELU of four ops, with the root of a half in so many more."""
    bench = zoo.Bench((1, 4))
    y = bench.x
    for _ in range(factors):
        y = binary(bench, "mul", y, math.sqrt(0.5) ** (1 / factors))
    y = binary(bench, "add", unary(bench, y, "erf"), 1)
    y = binary(bench, "mul", binary(bench, "mul", bench.x, y), 0.5)
    program = bench.program(y)
    assert len(program.ops) == factors + 4
    assert (kinds(recognize_functions(program)) == "Unary") == found


@pytest.mark.parametrize(("off", "found"), [(0.0, True), (6e-6, True), (1.5e-5, False)])
def test_a_function_that_is_a_little_off(off: float, found: bool) -> None:
    """x * (sigmoid(x) + off) is off by that part of x."""
    bench = zoo.Bench((1, 4))
    gate = binary(bench, "add", unary(bench, bench.x, "sigmoid"), off)
    made = recognize_functions(bench.program(binary(bench, "mul", bench.x, gate)))
    assert (kinds(made) == "Unary") == found


@pytest.mark.parametrize("shape", [(), (1,), (4,), (1, 4)])
def test_constants_of_one_number_many_times(shape: tuple[int, ...]) -> None:
    bench = zoo.Bench((1, 4))
    y = binary(bench, "add", unary(bench, bench.x, "abs"), number(bench, np.ones(shape)))
    program = bench.program(binary(bench, "div", bench.x, y))
    made = recognize_functions(program)
    assert [op.function.function for op in made.ops] == ["softsign"]
    same(program, made)


@pytest.mark.parametrize(("shift", "left"), [(32.0, 1), (32.25, 2), (-32.0, 1), (-32.25, 2)])
def test_affine_ops_are_one_up_to_a_shift(shift: float, left: int) -> None:
    """Of 64: beyond, the difference of large numbers would be left."""
    bench = zoo.Bench((1, 2))
    y = binary(bench, "mul", binary(bench, "add", bench.x, number(bench, [1, shift])), 2)
    program = bench.program(y)
    made = canonicalize_affine(program)
    assert len(made.ops) == left
    same(program, made, 4 * 128 * 2.0**-24)


@pytest.mark.parametrize(("low", "high", "found"), [
    (0.5, 1e30, True), (0.5, 9e29, False), (9e29, 1e35, True), (1e30, 1e35, False)])
def test_a_bound_that_no_root_reaches_is_none(low: float, high: float, found: bool) -> None:
    bench = zoo.Bench((1, 3))
    sums = bench.op(Reduce, x=binary(bench, "mul", bench.x, bench.x), function="sum", axes=(1,))
    divisor = unary(bench, unary(bench, sums, "sqrt"), "clip", low, high)
    made = recognize_norms(bench.program(binary(bench, "div", bench.x, divisor)))
    assert (kinds(made) == "L2Normalization") == found
    if found:
        assert made.ops[0].floor == low


@pytest.mark.parametrize("shape", [(1,), (3, 1), (1, 3, 1)])
def test_a_norm_with_one_number_many_times(shape: tuple[int, ...]) -> None:
    bench = zoo.Bench((1, 3, 2))
    rows = unary(bench, bench.x, "tanh")
    sums = bench.op(Reduce, x=binary(bench, "mul", rows, rows), function="sum", axes=(2,))
    divisor = unary(bench, binary(bench, "add", sums, number(bench, np.full(shape, 0.25))), "sqrt")
    program = bench.program(binary(bench, "div", rows, divisor))
    made = recognize_norms(program)
    assert kinds(made) == "Unary L2Normalization" and made.ops[1].epsilon == 0.25
    same(program, made, 8 * 2.0**-24)
