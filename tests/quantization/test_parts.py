# SPDX-License-Identifier: MIT
"""Observations of several parts are taken apart in integers."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import (
    BatchNormalization,
    Binary,
    Concat,
    Gemm,
    OneHot,
    OneHotInteger,
    Quantize,
    Reshape,
    Slice,
    Unary,
)
from puffer_edge.passes import optimize
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.integer_input import integer_input
from puffer_edge.quantization.parts import find_parts
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import SCHEMES
from tests import zoo


def part(bench: zoo.Bench, start: int, count: int) -> str:
    return bench.op(Slice, x=bench.x, starts=(0, start), counts=(1, count), steps=(1, 1))


def in_integers(program: Program, scheme: str, observations: np.ndarray) -> Program:
    prepared = optimize(program, fuse=False)
    found = calibrate(prepared, observations, np.arange(len(observations)) == 0)
    return quantize(prepared, found, SCHEMES[scheme])


def drawn(random: np.random.Generator, steps: int = 200) -> np.ndarray:
    """What the case ``parts`` of the zoo may see: bytes, categories, numbers of any size."""
    return np.concatenate([
        random.integers(0, 256, (steps, 18)), random.integers(0, 3, (steps, 2)),
        random.standard_normal((steps, 4)) * [1e-3, 1, 30, 10], 20 * random.random((steps, 2))],
        axis=1).astype(np.float32)


@pytest.mark.parametrize(("scheme", "share"), [("int8", 4e-2), ("int8x16", 2e-2), ("int16", 1e-3)])
def test_every_part_comes_in_as_it_needs(scheme: str, share: float) -> None:
    """A few steps of 8 bits, for outputs of some 100; in 16 bits less than any part adds."""
    random = np.random.default_rng(1)
    program = zoo.program("parts")
    seen = drawn(random)
    made = in_integers(program, scheme, seen)
    assert sum(isinstance(op, Quantize) for op in made.ops) == 1
    qparams = made.values[made.outputs[0]].quantization
    assert qparams is not None
    floating, integers = Interpreter(program), Interpreter(made)
    exact = np.stack([floating.step(row)["logits"] for row in seen[:60]])
    real = np.stack([integers.step(row)["logits"] for row in seen[:60]]).astype(np.float64)
    real = (real - qparams.zero_point) * qparams.scale
    assert np.abs(real - exact).max() < share * np.abs(exact).max()


def test_parts_far_from_0_keep_their_resolution() -> None:
    """A barometer and a height above the sea, read by layers of their own."""
    bench = zoo.Bench((1, 4))
    parts = [bench.op(Gemm, x=part(bench, start, 2), weight=bench.weight(3, 2))
             for start in (0, 2)]
    program = bench.program(bench.op(Concat, xs=tuple(parts), axis=1))
    assert find_parts(optimize(program, fuse=False)) is not None
    random = np.random.default_rng(0)
    seen = (np.array([1013, 0, 400, -80]) + random.standard_normal((200, 4))).astype(np.float32)
    made = in_integers(program, "int16", seen)
    qparams = made.values[made.outputs[0]].quantization
    assert qparams is not None
    exact = np.stack([Interpreter(program).step(row)["logits"] for row in seen])
    real = np.stack([Interpreter(made).step(row)["logits"] for row in seen]) * qparams.scale
    assert np.abs(real - exact).max() < 0.05


def test_what_is_counted_comes_in_exactly() -> None:
    """Bytes and categories are integers already: the integer step takes them by a power of two."""
    made = in_integers(zoo.program("parts"), "int8", drawn(np.random.default_rng(0)))
    found = integer_input(made)
    assert found is not None
    pixels, categories = found.scale[:18] * 2.0**15, found.scale[18:20]
    assert np.array_equal(categories, [1, 1]) and not found.offset[18:20].any()
    # The normaliser gives each plane of pixels a scale of its own, so they are no power of two.
    assert (pixels > 0).all()
    bench = zoo.Bench((1, 8))
    image = bench.op(BatchNormalization, x=part(bench, 0, 6), layer="image", **{
        name: bench.builder.constant(np.full(6, value)) for name, value in
        (("scale", 1 / 255), ("shift", 0.0))})
    image = bench.op(Unary, x=image, function=Activation("tanh"))
    y = bench.op(Concat, xs=(image, part(bench, 6, 2)), axis=1)
    program = bench.program(bench.op(Gemm, x=y, weight=bench.weight(3, 8)))
    seen = np.random.default_rng(0).integers(0, 256, (64, 8)).astype(np.float32)
    found = integer_input(in_integers(program, "int8", seen))
    assert found is not None
    mantissa, _ = np.frexp(found.scale[:6])
    assert (mantissa == 0.5).all() and not found.offset[:6].any()


@pytest.mark.parametrize("scheme", ["int8", "int16"])
def test_categories_are_those_of_the_float_policy(scheme: str) -> None:
    bench = zoo.Bench((1, 3))
    y = bench.op(Reshape, x=bench.op(OneHot, x=bench.x, classes=5), shape=(1, 15))
    program = bench.program(bench.op(Gemm, x=y, weight=bench.weight(4, 15)))
    random = np.random.default_rng(0)
    made = in_integers(program, scheme, random.integers(0, 5, (50, 3)).astype(np.float32))
    (one_hot,) = (op for op in made.ops if isinstance(op, OneHotInteger))
    (original,) = (op for op in program.ops if isinstance(op, OneHot))
    floating, integers = Interpreter(program), Interpreter(made)
    # -1 and 7 are no categories; 100,000 is clamped.
    for x in [*random.integers(-1, 8, (40, 3)), [100_000, -100_000, 4]]:
        ours = integers.values(np.array(x, np.float32))[one_hot.y]
        theirs = floating.values(np.array(x, np.float32))[original.y]
        assert np.array_equal(ours, theirs * one_hot.quantization.high)


def test_kinds_of_parts() -> None:
    parts = find_parts(optimize(zoo.program("parts"), fuse=False))
    assert parts is not None
    assert sorted(kind for kind, _ in parts.groups) == [
        "exact", "per-channel", "per-tensor", "per-tensor"]


def of_no_use() -> dict[str, Program]:
    def case(*ys: str) -> Program:
        y = bench.op(Concat, xs=ys, axis=1)
        width = bench.builder.shape(y)[1]
        return bench.program(bench.op(Gemm, x=y, weight=bench.weight(3, width)))

    found = {}
    bench = zoo.Bench((1, 4))
    one = bench.op(OneHot, x=part(bench, 0, 2), classes=3)
    found["a category that is a number, too"] = case(
        bench.op(Reshape, x=one, shape=(1, 6)), bench.op(Unary, x=part(bench, 1, 2),
                                                         function=Activation("tanh")))
    bench = zoo.Bench((1, 4))
    scaled = bench.op(BatchNormalization, x=part(bench, 0, 2), scale=bench.weight(2),
                      shift=bench.weight(2))
    found["one element scaled in two ways"] = case(
        bench.op(Unary, x=scaled, function=Activation("tanh")),
        bench.op(Unary, x=part(bench, 0, 2), function=Activation("relu")))
    bench = zoo.Bench((1, 4))
    state = bench.builder.state("last", (1, 2))
    bench.builder.carry(state, part(bench, 0, 2))
    found["a part that is remembered"] = case(state, part(bench, 2, 2))
    return found


@pytest.mark.parametrize("name", of_no_use())
def test_what_cannot_be_taken_apart(name: str) -> None:
    assert find_parts(of_no_use()[name]) is None


def test_what_is_computed_in_float_stays_in_float() -> None:
    """A quotient of parts: the rest may not be lost with it."""
    bench = zoo.Bench((1, 6))
    quotient = bench.op(Binary, a=part(bench, 0, 3), function="div", b=bench.op(
        Unary, x=part(bench, 3, 3), function=Activation("exp")))
    y = bench.op(Concat, xs=(quotient, part(bench, 3, 3)), axis=1)
    program = bench.program(bench.op(Gemm, x=y, weight=bench.weight(3, 6)))
    seen = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
    made = in_integers(program, "int16", seen)
    assert integer_input(made) is None
    qparams = made.values[made.outputs[0]].quantization
    assert qparams is not None
    exact = Interpreter(program).step(seen[0])["logits"]
    ours = Interpreter(made).step(seen[0])["logits"].astype(np.float64)
    assert np.abs((ours - qparams.zero_point) * qparams.scale - exact).max() < 1e-3
