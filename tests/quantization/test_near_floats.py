# SPDX-License-Identifier: MIT
"""Small policies of every kind of op over observations off centre: integers are near the floats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import gymnasium
import numpy as np
import pytest

from puffer_edge.errors import UnsupportedError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Builder, Continuous, Contract, Field, Program, Quantization
from puffer_edge.ir.ops import (
    BatchNormalization,
    Binary,
    Concat,
    Gemm,
    L2Normalization,
    LayerNormalization,
    Reduce,
    Reshape,
    Slice,
    Softmax,
    Unary,
)
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.gptq import Rounding
from puffer_edge.quantization.own import fitting, own_integers
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.recording import record
from puffer_edge.quantization.schemes import SCHEMES
from tests import zoo
from tests.passes.graphs import gemm, number

Body = Callable[[zoo.Bench, str], str]
WIDTH = 6


def unary(name: str, *parameters: float) -> Body:
    return lambda bench, x: bench.op(Unary, x=x, function=Activation(name, parameters))


def binary(function: str, constant: object = None) -> Body:
    """With a constant, or with another layer of the observation."""
    def body(bench: zoo.Bench, x: str) -> str:
        other = number(bench, constant) if constant is not None else gemm(WIDTH, 4)(bench, bench.x)
        return bench.op(Binary, a=x, b=other, function=function)
    return body


def reversed_(function: str, constant: object) -> Body:
    return lambda bench, x: bench.op(Binary, a=number(bench, constant), b=x, function=function)


def norm(kind: type, **fields: object) -> Body:
    return lambda bench, x: bench.op(kind, x=x, axis=1, **fields)


def scaled(bench: zoo.Bench, x: str) -> str:
    return bench.op(LayerNormalization, x=x, axis=1, epsilon=1e-5,
                    scale=bench.weight(WIDTH, scale=2.0), bias=bench.weight(WIDTH))


def little(bench: zoo.Bench, x: str) -> str:
    """So small that epsilon decides more than it does."""
    x = bench.op(Binary, a=x, b=number(bench, 1e-4), function="mul")
    return bench.op(LayerNormalization, x=x, axis=1, epsilon=1e-6, scale=bench.weight(WIDTH))


def affine(bench: zoo.Bench, x: str) -> str:
    return bench.op(BatchNormalization, x=x, scale=bench.weight(WIDTH), shift=bench.weight(WIDTH))


def cut(bench: zoo.Bench, x: str) -> str:
    halves = [bench.op(Slice, x=x, starts=(0, start), counts=(1, 3), steps=(1, 1))
              for start in (3, 0)]
    return bench.op(Concat, xs=(bench.op(Unary, x=halves[0], function=Activation("tanh")),
                                halves[1]), axis=1)


def shares(bench: zoo.Bench, x: str) -> str:
    rows = bench.op(Reshape, x=x, shape=(2, 3))
    return bench.op(Reshape, x=bench.op(Softmax, x=rows, axis=1), shape=(1, WIDTH))


BODIES: dict[str, Body] = {
    "nothing": lambda bench, x: x, "tanh": unary("tanh"), "relu": unary("relu"),
    "sigmoid": unary("sigmoid"), "elu": unary("elu", 1.0), "clip": unary("clip", -0.5, 1.5),
    "sum": binary("add"), "difference": binary("sub"), "product": binary("mul"),
    "larger": binary("max"), "smaller": binary("min"), "moved": binary("add", 2.5),
    "by columns": binary("mul", [1, -2, 0.5, 3, 0.1, 1]),
    "quotient": binary("div", [1, 2, 4, 3, 5, 6]),
    "taken off": reversed_("sub", [1, 2, 3, 4, 5, 6]), "bounded": binary("max", 0.25),
    "l2": norm(L2Normalization), "rms": norm(L2Normalization, mean=True, epsilon=1e-5),
    "floored": norm(L2Normalization, floor=20.0), "added": norm(L2Normalization, epsilon=400.0),
    "mean with much added": norm(L2Normalization, mean=True, epsilon=100.0),
    "layer norm": scaled, "layer norm of little": little, "affine": affine,
    "parts": cut, "shares": shares,
    "mean": lambda bench, x: bench.op(Concat, xs=(x, bench.op(
        Reduce, x=x, function="mean", axes=(1,))), axis=1),
}


def policy(body: Body) -> Program:
    bench = zoo.Bench((1, 4))
    y = body(bench, gemm(WIDTH, 4)(bench, bench.x))
    return bench.program(gemm(3, bench.builder.shape(y)[1])(bench, y))


def seen(seed: int, steps: int = 40) -> np.ndarray:
    """Around 0, 1, -2 and 4, as wide as 1, 0.5, 1 and 2."""
    rows = np.random.default_rng(seed).uniform(-1.5, 1.5, (steps, 4))
    return (rows * [1, 0.5, 1, 2] + [0, 1, -2, 4]).astype(np.float32)


@pytest.mark.parametrize(("scheme", "most"), [("int16", 0.01), ("int8", 0.1)])
@pytest.mark.parametrize("name", BODIES)
def test_integers_are_near_the_floats(name: str, scheme: str, most: float) -> None:
    """Mean error by the deviation, of steps that nothing was calibrated with; 8 bits round 1.6 % of
    a row's largest weight, of numbers that are several deviations from 0."""
    program, begin = policy(BODIES[name]), np.arange(40) == 0
    made = quantize(program, calibrate(program, seen(0), begin), SCHEMES[scheme], {},
                    Rounding(nearest=True))
    ours, theirs = Interpreter(made), Interpreter(program)
    qparams = made.values[made.outputs[0]].quantization
    rows = seen(1, 20)
    wanted = np.stack([theirs.step(row)["logits"] for row in rows]).astype(np.float64)
    found = np.stack([ours.step(row)["logits"] for row in rows]).astype(np.float64)
    error = np.abs((found - qparams.zero_point) * qparams.scale - wanted).mean(0)
    assert (error / wanted.std(0)).mean() < most, (error / wanted.std(0)).mean()


def rounding(low: float, high: float, step: float = 0.25) -> Program:
    """A layer of weights of 8 bits between two roundings to a step, each cut off at the limits."""
    builder, random = Builder("test"), np.random.default_rng(0)
    scale = builder.constant(np.float32(step))

    def rounded(x: str) -> str:
        x = builder.add(Binary, a=x, b=scale, function="div")
        x = builder.add(Unary, x=x, function=Activation("round"))
        x = builder.add(Unary, x=x, function=Activation("clip", (low, high)))
        return builder.add(Binary, a=x, b=scale, function="mul")

    weight = builder.constant((random.integers(-127, 128, (3, 4)) / 128).astype(np.float32))
    y = rounded(builder.add(Gemm, x=rounded(builder.input("observation", (1, 4))), weight=weight))
    builder.note("quantised", "a quantised graph")
    return builder.build({"mean": y}, Contract((Field("obs", (4,)),), Continuous(3)))


@pytest.mark.parametrize(("low", "high", "dtype"), [
    (-128, 127, "int8"), (0, 255, "int8"), (-127, 127, "int8"), (3, 200, "int8"), (0, 1, "int8"),
    (-128, 128, "int16"), (0, 256, "int16"), (-129, 126, "int8"), (-127, 128, "int8"),
    (-32768, 32767, "int16"), (-500, 65035, "int16"), (0, 65536, ""), (-128.5, 127, ""),
    (5, 5, "")])
def test_integers_of_a_file_with_any_limits(low: float, high: float, dtype: str) -> None:
    """Those of the float reading, within a step, from end to end."""
    program = rounding(low, high)
    if not dtype:
        with pytest.raises(UnsupportedError):
            own_integers(program)
        return
    made = own_integers(program)
    value = made.values[made.outputs[0]]
    assert value.dtype == dtype and value.quantization.scale == 0.25
    qparams, random = value.quantization, np.random.default_rng(1)
    assert qparams.high - qparams.low == high - low
    ours, theirs = Interpreter(made), Interpreter(program)
    reach = 0.3 * max(-low, high)
    for x in random.uniform(-reach, reach, (30, 4)).astype(np.float32):
        found = (ours.step(x)["mean"].astype(np.float64) - qparams.zero_point) * qparams.scale
        assert np.abs(found - theirs.step(x)["mean"]).max() <= 0.2501


@pytest.mark.parametrize(("off", "times", "good"), [
    (0.0, 300, True), (1.0, 300, True), (1.02, 3, True), (1.02, 4, False), (-1.02, 4, False),
    (9.0, 3, True)])
def test_what_is_near_enough_to_the_files_numbers(off: float, times: int, good: bool,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    """A step or less of 99 in 100 numbers; of what is not rounded, a step of 8 bits."""
    program = rounding(-128, 127)
    made = own_integers(program)
    qparams = made.values[made.outputs[0]].quantization
    theirs = np.linspace(0, 10, 300).round(2)
    errors = np.where(np.arange(300) < times, off, 0)

    def outputs(each: Program, observations: np.ndarray) -> dict[str, np.ndarray]:
        if each is program:
            return {"mean": theirs}
        return {"mean": theirs / qparams.scale + qparams.zero_point + errors}

    monkeypatch.setattr(fitting, "_outputs", outputs)
    assert fitting.fits(program, made) == good
    fine = Quantization(10 / 255 / 100, 0, -fitting.FINE, fitting.FINE)
    values = {**made.values, made.outputs[0]: replace(made.values[made.outputs[0]],
                                                      quantization=fine)}
    unrounded = replace(made, values=values)
    qparams, errors = fine, 100 * errors  # a hundredth of a step of 8 bits each
    assert fitting.fits(program, unrounded) == good


def test_made_up_observations_reach_all_integers() -> None:
    program = rounding(-128, 127)
    rows = fitting.imagined(program, own_integers(program), 400)
    assert rows.shape == (400, 4) and rows.dtype == np.float32
    assert rows.min() == pytest.approx(-32, abs=0.5) and rows.max() == pytest.approx(31.75, abs=0.5)
    assert rows.min() >= -32 and rows.max() <= 31.75


@pytest.mark.parametrize(("products", "steps"), [(1, 8), (12 * 9 - 1, 8), (12 * 20, 20), (1e6, 64)])
def test_how_many_are_made_up(products: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    program, counts = rounding(-128, 127), list[int]()
    made, imagined = own_integers(program), fitting.imagined
    monkeypatch.setattr(fitting, "PRODUCTS", int(products))
    monkeypatch.setattr(fitting, "imagined", lambda *given: (
        counts.append(given[2]), imagined(*given))[1])
    assert program.macs == 12 and fitting.fits(program, made) and counts == [steps]


@pytest.mark.parametrize("steps", [2, 23, 80])
def test_an_environment_is_played_by_the_policy(steps: int) -> None:
    """In gymnasium, step by step: the same seeds, and no episode longer than a quarter."""
    bench = zoo.Bench((1, 4))
    program = bench.program(gemm(2, 4)(bench, bench.x))
    found = record("env:CartPole-v1", program, seed=3, steps=steps)
    environment, policy_, rows, flags = gymnasium.make("CartPole-v1"), Interpreter(program), [], []
    while len(rows) < steps:
        observation, _ = environment.reset(seed=3 + sum(flags))
        length, ended = 0, False
        while not ended and length < steps / 4 and len(rows) < steps:
            rows.append(observation)
            flags.append(length == 0)
            observation, _, over, cut_, _ = environment.step(int(policy_.act(observation)[0]))
            length, ended = length + 1, over or cut_
    assert np.array_equal(found.observations, np.stack(rows))
    assert found.reset.tolist() == flags and found.warning == ""
    with pytest.raises(UsageError, match="1 steps cannot be halved"):
        record("env:CartPole-v1", program, steps=1)


@pytest.mark.parametrize("shape", [(1, 4), (1, 1, 4), (1, 2, 4)])
def test_every_feature_of_one_row_has_its_own_scale(shape: tuple[int, ...]) -> None:
    """Of two rows that meet the same weights, none has."""
    bench = zoo.Bench(shape)
    y = gemm(3, 4)(bench, bench.x)
    count = int(np.prod(shape)) // 4
    program = bench.program(bench.op(Reshape, x=y, shape=(1, 3 * count)))
    rows = np.tile(seen(0), count)
    made = quantize(program, calibrate(program, rows, np.arange(40) == 0), SCHEMES["int16"])
    factors = made.constants[made.ops[0].factor]
    assert len(set(factors.ravel().tolist())) == (4 if count == 1 else 1)
