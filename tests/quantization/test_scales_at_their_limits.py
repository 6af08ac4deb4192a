# SPDX-License-Identifier: MIT
"""Where one way of choosing scales, tables and rounding ends and another begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program, Quantization
from puffer_edge.ir.ops import Binary, Concat, Gemm, Quantize, Softmax, Unary
from puffer_edge.quantization import gptq
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.linear import table_points
from puffer_edge.quantization.rule import rule_of
from tests import zoo
from tests.quantization.test_parts import in_integers, part


@pytest.mark.parametrize(("columns", "steps", "compensated"), [
    (1024, 16, True), (1025, 16, False), (1025, 4000, False), (3, 15, False), (3, 16, True)])
def test_where_errors_are_made_up_for(columns: int, steps: int, compensated: bool,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to 1,024 columns, and from four steps for each of the four folds on."""
    asked: list[int] = []

    def damping(weight: Any, *rest: Any) -> None:
        asked.append(weight.shape[1])

    monkeypatch.setattr(gptq, "_best_damping", damping)
    monkeypatch.setattr(gptq, "_moments", lambda inputs: (inputs.mean(0), np.zeros((1, 1))))
    gptq.round_weights(np.ones((1, columns)), np.ones(1), np.ones((steps, columns)))
    assert asked == [columns] * compensated


@pytest.mark.parametrize("span", [2, 255, 256, 257, 511, 512, 513, 32768, 65535, 65536])
def test_tables_have_an_entry_for_every_integer_or_segments_that_reach_the_last(span: int) -> None:
    qparams = Quantization(0.5, 3, -7, span - 8)
    points, bits = table_points(qparams)
    steps = points / 0.5 + 3
    assert steps[0] == -7 and (np.diff(steps) == 2**bits).all() and len(points) <= 257
    assert (bits == 0) == (span <= 256) and steps[-1] >= span - 8
    assert bits == 0 or len(range(0, span - 1, 2 ** (bits - 1))) + 1 >= 257


def test_an_op_that_nobody_describes_tells_nothing() -> None:
    """What is not known to keep a memory's scale, or to move elements, may not be thought to."""
    known = rule_of(Softmax(x="x", y="y", axis=1))
    assert not (known.arithmetic or known.joins or known.movement)


def added(width: int, low: float, high: float) -> tuple[Program, Program]:
    """A clipped observation that is added to what a layer makes of it; and its integers."""
    bench = zoo.Bench((1, width))
    x = bench.op(Unary, x=bench.x, function=Activation("clip", (-1e3, 1e3)))
    y = bench.op(Gemm, x=bench.op(Softmax, x=bench.x, axis=1), weight=bench.weight(width, width))
    program = bench.program(bench.op(Binary, a=y, b=x, function="add"))
    seen = np.random.default_rng(0).uniform(low, high, (60, width)).astype(np.float32)
    return program, in_integers(program, "int16", seen)


@pytest.mark.parametrize(("low", "high"), [(-9.0, 0.1), (-0.1, 9.0), (-2.0, 2.0)])
def test_what_is_added_is_as_near_on_either_side_of_0(low: float, high: float) -> None:
    """Wherever it lies; its factor and offset go by one name."""
    program, made = added(3, low, high)
    ops = [op for op in made.ops if isinstance(op, Quantize)]
    for op in ops:
        assert op.factor.removesuffix(".factor") == op.offset.removesuffix(".offset") != ""
        assert op.low >= -32768 and op.high <= 32767
    qparams = made.values[made.outputs[0]].quantization
    assert qparams is not None
    for x in np.random.default_rng(1).uniform(low, high, (20, 3)).astype(np.float32):
        real = (Interpreter(made).step(x)["logits"].astype(float) - qparams.zero_point
                ) * qparams.scale
        assert np.abs(real - Interpreter(program).step(x)["logits"]).max() < 0.02


@pytest.mark.parametrize(("most", "whole", "power"), [
    (255, True, True), (255, False, False), (10_000, True, True), (30_000, True, False)])
@pytest.mark.parametrize("width", [1, 4])
def test_whole_numbers_come_in_by_the_largest_power_of_two(most: int, whole: bool, power: bool,
                                                           width: int) -> None:
    """Unless they are so large that less than one integer is left for each."""
    bench = zoo.Bench((1, width + 1))
    one = bench.op(Unary, x=part(bench, 0, width), function=Activation("tanh"))
    y = bench.op(Concat, xs=(one, part(bench, width, 1)), axis=1)
    program = bench.program(bench.op(Gemm, x=y, weight=bench.weight(2, width + 1)))
    seen = np.random.default_rng(0).integers(0, most + 1, (64, width + 1)).astype(np.float32)
    seen[0], seen[1] = 0, most
    seen += 0 if whole else 0.25
    made = in_integers(program, "int8x16", seen)
    (op,) = (op for op in made.ops if isinstance(op, Quantize))
    factor = made.constants[op.factor].astype(np.float64)[:width]
    _, high = calibrate(program, seen, np.arange(64) == 0).features(program.input)
    assert (factor == factor[0]).all() and factor[0] * high[0] <= op.high * (1 + 1e-6)
    assert (np.frexp(factor)[0] == 0.5).all() == power
    assert (factor[0] > 0.5 * op.high / high[0]) and (power or factor[0] * high[0] > 0.99 * op.high)
