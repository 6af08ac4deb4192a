# SPDX-License-Identifier: MIT
"""Small graphs that round as a quantised file does, in every form: integers beside the floats.

The judge is the float reading itself, by the interpreter, which knows nothing of integers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from puffer_edge.errors import UnsupportedError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Builder, Continuous, Contract, Field, Program
from puffer_edge.ir.ops import (
    Binary,
    Concat,
    Conv,
    Expand,
    Gather,
    Gemm,
    Quantize,
    Reshape,
    Slice,
    Softmax,
    Split,
    Transpose,
    Unary,
)
from puffer_edge.ir.requantization import finest
from puffer_edge.ir.value import Quantization
from puffer_edge.quantization.own import judged, own_integers, writer
from puffer_edge.quantization.own.writer import Writer
from puffer_edge.quantization.recording import IMAGINED
from tests import zoo

IN, OUT = 6, 4


class File:
    """Writes what a front end reads of a quantised file."""

    def __init__(self, shape: tuple[int, ...] = (1, IN)) -> None:
        self.builder, self.random = Builder("test"), np.random.default_rng(0)
        self.x = self.builder.input("observation", shape)

    def number(self, value: object) -> str:
        return self.builder.constant(np.asarray(value, np.float32))

    def binary(self, function: str, a: str, b: object) -> str:
        return self.builder.add(Binary, a=a, b=b if isinstance(b, str) else self.number(b),
                                function=function)

    def unary(self, name: str, x: str, *parameters: float) -> str:
        return self.builder.add(Unary, x=x, function=Activation(name, parameters))

    def rounded(self, x: str, scale: float = 0.25, zero: float | None = None,
                low: float = -128, high: float = 127) -> str:
        x = self.unary("round", self.binary("div", x, scale))
        if zero is not None:
            x = self.binary("add", x, zero)
        x = self.unary("clip", x, low, high)
        if zero is not None:
            x = self.binary("sub", x, zero)
        return self.binary("mul", x, scale)

    def layer(self, x: str, rows: int = OUT, bias: object = None) -> str:
        columns = self.builder.shape(x)[-1]
        weight = self.random.integers(-127, 128, (rows, columns)) / 256
        weight[:, 0] = 127 / 256
        return self.builder.add(Gemm, x=x, weight=self.number(weight),
                                **({} if bias is None else {"bias": self.number(bias)}))

    def done(self, y: str) -> Program:
        sizes = [int(np.prod(self.builder.shape(each))) for each in (self.x, y)]
        self.builder.note("quantised", "a quantised graph")
        return self.builder.build({"mean": y}, Contract((Field("obs", (sizes[0],)),),
                                                        Continuous(sizes[1])))


ROW = [0.53, -1.27, 2.1, 0.71]
Body = Callable[[File, str], str]


def of_number(function: str, number: float) -> Body:
    return lambda file, x: file.binary(function, file.rounded(file.layer(x)), number)


def of_row(function: str) -> Body:
    return lambda file, x: file.binary(function, file.rounded(file.layer(x)), ROW)


def of_two(function: str, scale: float = 0.25) -> Body:
    return lambda file, x: file.binary(
        function, file.rounded(file.layer(x)), file.rounded(file.layer(x), scale))


def after_layer(function: str, b: object) -> Body:
    return lambda file, x: file.binary(function, file.layer(x), b)


def function_of(name: str, *parameters: float, rounded: bool = True) -> Body:
    return lambda file, x: file.unary(
        name, file.rounded(file.layer(x), 0.0625) if rounded else file.layer(x), *parameters)


def joined(scale: float) -> Body:
    return lambda file, x: file.builder.add(Concat, xs=(
        file.rounded(file.layer(x)), file.rounded(file.layer(x), scale)), axis=1)


def moved(kind: type, *, late: bool = False, **fields: object) -> Body:
    """Between a layer and its rounding, or after it."""
    def body(file: File, x: str) -> str:
        y = file.builder.add(Reshape, x=file.layer(x) if late else file.rounded(file.layer(x)),
                             shape=(1, 2, 2))
        y = file.builder.add(kind, x=y, **fields)
        return file.builder.add(Reshape, x=y, shape=(1, int(np.prod(file.builder.shape(y)))))
    return body


def split(file: File, x: str) -> str:
    parts = file.builder.add_many(Split, ("", ""), x=file.rounded(file.layer(x)), axis=1,
                                  sizes=(1, 3))
    return file.layer(parts[1], 3)


def convolution(*shape: int, function: str = "add") -> Body:
    def body(file: File, x: str) -> str:
        x = file.builder.add(Reshape, x=x, shape=(1, 1, 2, 3))
        weight = file.random.integers(-127, 128, (2, 1, 2, 2)) / 256
        weight[:, 0, 0] = 127 / 256
        y = file.builder.add(Conv, x=x, weight=file.number(weight), strides=(1, 1),
                             pads=(0, 0, 0, 0), dilations=(1, 1), group=1)
        y = file.binary(function, y, np.reshape([3.0, -7.0], shape))
        return file.builder.add(Reshape, x=file.unary("relu", y), shape=(1, 4))
    return body


def lonely(file: File, x: str) -> str:
    """A row of nothing but a bias, and one of nothing."""
    weight = file.random.integers(-127, 128, (3, IN)) / 256
    weight[:, 1] = 127 / 256
    weight[1:] = 0
    return file.builder.add(Gemm, x=x, weight=file.number(weight),
                            bias=file.number([0.5, 3.0, 0.0]))


BODIES: dict[str, Body] = {
    "layer": lambda file, x: file.layer(x),
    "bias": lambda file, x: file.layer(x, bias=ROW), "lonely": lonely,
    **{f"{name} number": of_number(name, 2.0) for name in ("add", "sub", "mul", "div", "min",
                                                          "max")},
    **{f"{name} row": of_row(name) for name in ("add", "sub", "mul", "div", "min", "max")},
    **{f"{name} two": of_two(name) for name in ("add", "sub", "mul", "min", "max")},
    **{f"{name} of scales": of_two(name, 0.5) for name in ("add", "sub", "mul", "min", "max")},
    "from one": lambda file, x: file.binary("sub", file.number(1.5), file.rounded(file.layer(x))),
    "bias later": after_layer("add", ROW), "bias off": after_layer("sub", ROW),
    "bias of a row": after_layer("add", [ROW]), "one bias": after_layer("add", 3.5),
    "one off": after_layer("sub", [[3.5]]),
    "filters": convolution(2, 1, 1), "filters in a batch": convolution(1, 2, 1, 1),
    "filters off": convolution(2, 1, 1, function="sub"),
    "filters of one": convolution(1, 2, 1, 1),
    "cut": lambda file, x: file.unary("clip", file.layer(x), -1.5, 6.0),
    "cut and moved": lambda file, x: file.binary(
        "add", file.unary("relu", file.layer(x)), ROW),
    "relu": lambda file, x: file.unary("relu", file.layer(x)),
    "tanh": function_of("tanh"), "sigmoid": function_of("sigmoid"),
    "tanh of what is not rounded": function_of("tanh", rounded=False),
    "two functions": lambda file, x: file.unary(
        "abs", file.unary("tanh", file.rounded(file.layer(x), 0.0625))),
    "two layers": lambda file, x: file.binary("add", file.layer(x), file.layer(x)),
    "joined": joined(0.25), "joined of scales": joined(0.5),
    "slice": moved(Slice, starts=(0, 0, 1), counts=(1, 2, 1), steps=(1, 1, 1)),
    "late slice": moved(Slice, late=True, starts=(0, 1, 0), counts=(1, 1, 2), steps=(1, 1, 1)),
    "transpose": moved(Transpose, permutation=(0, 2, 1)),
    "late transpose": moved(Transpose, late=True, permutation=(0, 2, 1)),
    "expand": moved(Expand, shape=(3, 2, 2)), "gather": moved(Gather, axis=1, indices=(1, 1, 0)),
    "split": split,
}


def near(file: File, y: str, step: float, given: float) -> Program:
    """The integers of a graph, whose outputs are those of the floats, nearly all to the bit."""
    program = file.done(y)
    made = own_integers(program)
    ours, theirs = Interpreter(made), Interpreter(program)
    qparams = made.values[made.outputs[0]].quantization
    assert qparams is not None
    rows = file.random.uniform(-120 * given, 120 * given, (25, program.contract.observation_size))
    rows[::3] /= 8
    off = []
    for row in rows.astype(np.float32):
        found = (ours.step(row)["mean"].astype(np.float64) - qparams.zero_point) * qparams.scale
        off.append(np.abs(found - theirs.step(row)["mean"]) / step)
    assert np.max(off) <= 1.01 and np.mean(np.array(off) < 0.01) >= 0.95, np.max(off)
    kinds = {type(op).__name__ for op in made.ops}
    assert not kinds & {"Gemm", "Conv", "Binary", "Unary"}
    return made


@pytest.mark.parametrize("zero", [None, 20.0])
@pytest.mark.parametrize("name", BODIES)
def test_integers_are_those_of_the_file(name: str, zero: float | None) -> None:
    """Observations of a quarter, with a zero point or without, and outputs of another step."""
    file = File()
    given = 2.0**-6 if "not rounded" in name else 0.25
    y = BODIES[name](file, file.rounded(file.x, given, zero))
    step = 2.0**-7 if "tanh" in name or "sigmoid" in name or "functions" in name else 0.375
    low, high = (0, 255) if zero else (-128, 127)
    near(file, file.rounded(y, step, None if zero is None else 100.0, low, high), step, given)


@pytest.mark.parametrize("name", ["layer", "add two", "mul of scales", "joined of scales",
                                  "late transpose", "two layers", "sub row", "tanh"])
def test_what_the_file_does_not_round(name: str) -> None:
    """16 bits over what it can be: the judge asks for a 255th of what it was."""
    file = File()
    y = BODIES[name](file, file.rounded(file.x))
    program = file.done(y)
    made = own_integers(program)
    qparams = made.values[made.outputs[0]].quantization
    assert qparams is not None and (qparams.low, qparams.high) == (-32767, 32767)
    rows = file.random.uniform(-30, 30, (20, IN)).astype(np.float32)
    theirs, ours = ([np.asarray(runner.step(row)["mean"], np.float64) for row in rows]
                    for runner in (Interpreter(program), Interpreter(made)))
    assert np.abs(np.array(ours) * qparams.scale - theirs).max() <= 1.6 * qparams.scale + 1e-4 * (
        np.abs(theirs).max())


def test_what_is_computed_before_anything_is_rounded() -> None:
    """It stays as it is; the first rounding is of floats that no observation is."""
    file = File()
    y = file.unary("tanh", file.binary("mul", file.x, 0.25))
    made = own_integers(file.done(file.rounded(file.layer(file.rounded(y, 2.0**-7)), 2.0**-5)))
    assert [type(op).__name__ for op in made.ops] == ["Binary", "Unary", "Quantize", "GemmInteger"]
    quantize = made.ops[2]
    assert isinstance(quantize, Quantize)
    assert made.constants[quantize.factor].tolist() == [128.0] * IN
    assert made.constants[quantize.offset].tolist() == [0.0] * IN


def refused(file: File, y: str) -> str:
    with pytest.raises(UnsupportedError) as why:
        own_integers(file.done(y))
    return why.value.what


def test_what_has_no_form() -> None:
    def begin() -> tuple[File, str]:
        file = File()
        return file, file.rounded(file.x)

    file, x = begin()
    half = file.unary("round", file.binary("div", file.layer(x), 0.25))
    assert "round of what is half rounded" in refused(file, file.unary("round", half))
    file, x = begin()
    half = file.unary("round", file.binary("div", file.layer(x), 0.25))
    assert "tanh of what is half rounded" in refused(file, file.unary("tanh", half))
    file, x = begin()
    half = file.unary("round", file.binary("div", file.layer(x), 0.25))
    assert "not rounded, or half" in refused(file, file.binary("mul", half, 0.25))
    file, x = begin()
    half = file.unary("round", file.binary("div", file.layer(x), 0.25))
    assert "moves what is half rounded" in refused(
        file, file.builder.add(Reshape, x=half, shape=(1, 2, 2)))
    file, x = begin()
    whole = file.unary("clip", file.unary("round", file.binary("div", file.layer(x), 0.25)),
                       -128, 127)
    assert "relu of integers" in refused(file, file.unary("relu", whole))
    file, x = begin()
    whole = file.unary("clip", file.unary("round", file.binary("div", file.layer(x), 0.25)),
                       -128, 127)
    assert "divides integers" in refused(file, file.rounded(whole))
    file, x = begin()
    assert "divides by what it computes" in refused(
        file, file.binary("div", x, file.rounded(file.layer(x, IN))))
    file, x = begin()
    assert "divides by 0" in refused(file, file.binary("div", x, [1, 2, 0, 3, 4, 5]))
    file, x = begin()
    assert "the observation, rounded" in refused(file, x)
    file, x = begin()
    assert "Softmax has no form" in refused(file, file.builder.add(Softmax, x=x, axis=1))
    file, x = begin()
    weight = file.builder.add(Reshape, x=file.x, shape=(1, IN))
    assert "weight is computed" in refused(file, file.builder.add(Gemm, x=x, weight=weight))


def test_names_that_nothing_has() -> None:
    """Of a Program whose input, values and constants have theirs."""
    bench = zoo.Bench((1, 4))
    weight = bench.weight(2, 4)
    program = bench.program(bench.op(Gemm, x=bench.x, weight=weight))
    writing, (made,) = Writer(program), program.outputs
    given = [writing.name(wished) for wished in (program.input, weight, made, made, "new", "new")]
    assert len(set(given)) == 6 and not {program.input, weight} & set(given)
    assert given[2] == made and given[4] == "new"  # a float value that is made no more, and none
    one, two = np.ones(2), np.array([1.0, 2.0])
    assert writing.constant(one, "a") == writing.constant(one.copy(), "a") == "a"
    assert writing.constant(two, "a") not in ("a", made, "new")
    assert writing.constant(one, made) not in program.values
    assert writing.constant(one, "new") not in given
    assert {name: array.tolist() for name, array in writing.constants.items()}["a"] == [1, 1]
    kept = Writer(program)
    kept.keep(program.ops[0])
    assert kept.name(made) != made


def test_how_the_files_integers_are_judged() -> None:
    """By two halves of made-up observations, each an episode; the floats of the second are kept."""
    file = File()
    program = file.done(file.rounded(file.layer(file.rounded(file.x))))
    assert judged.brought(program, "float32") is None
    assert judged.brought(zoo.program("mlp"), "int8") is None
    found = judged.brought(program, "int8")
    assert found is not None
    for part in (found.seen, found.held_back):
        assert part.observations.shape == (IMAGINED, IN)
        assert np.flatnonzero(part.reset).tolist() == [0]
    floats = Interpreter(program)
    rows = found.held_back.observations[:5]
    wanted = np.stack([floats.step(row)["mean"] for row in rows])
    assert np.array_equal(np.reshape(found.reference[:5], wanted.shape), wanted)
    assert found.agreements["held back"].steps == IMAGINED
    assert found.agreements["held back"].largest_error < 0.2


def test_a_quantised_constant_has_16_bits() -> None:
    bench = zoo.Bench((1, 3))
    row = bench.builder.constant(np.float32([0.5, -2.0, 1.0]))
    program = bench.program(bench.op(Binary, a=bench.x, b=row, function="mul"))
    for inverse, wanted in ((False, [0.5, -2, 1]), (True, [2, -0.5, 1])):
        writing = Writer(program)
        made = writing.constant_in_integers(row, inverse)
        assert made.qparams == Quantization(2 / 32767, 0, -32767, 32767)
        integers = writing.constants[made.name]
        assert integers.dtype == np.int16 and np.abs(integers).max() == 32767
        assert np.allclose(integers * made.qparams.scale, wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("zero", "limits"), [(100.0, (0, 255)), (-100.0, (-128, 127)),
                                              (0.0, (-5, 90))])
def test_results_that_are_kept(zero: float, limits: tuple[float, float],
                               monkeypatch: pytest.MonkeyPatch) -> None:
    """A multiplier is chosen by the integer that is farthest from the one that stands for 0."""
    given: list[int] = []
    monkeypatch.setattr(writer, "finest", lambda ratio, bound, largest: (
        given.append(largest), finest(ratio, bound, largest))[1])
    file = File()
    own_integers(file.done(file.rounded(file.layer(file.rounded(file.x)), 0.375, zero, *limits)))
    assert set(given) == {int(max(abs(limit - zero) for limit in limits))}
