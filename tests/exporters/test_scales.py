# SPDX-License-Identifier: MIT
"""Scales of other runtimes' integers: what they can say, and that floats stay what they were."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.exporters.decompose import decompose
from puffer_edge.exporters.scales import Integers, per_channel, with_ranges
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Binary, Conv, Gemm, Reshape
from puffer_edge.quantization.calibration import calibrate
from tests import zoo

PLAIN = ("relu", "tanh", "sigmoid", "exp", "log", "neg", "abs", "sqrt", "floor")


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("ends", [(-1.0, 1.0), (0.0, 5.0), (-3.0, 0.0), (-0.25, 7.5), (-90.0, 1.0),
                                  (0.0, 0.0)])
def test_a_range_has_integers(bits: int, ends: tuple[float, float]) -> None:
    """Every number of it lies within half a step of one, 0 is one, and no scale is too coarse."""
    program = zoo.program("mlp")
    scale, zero = Integers(program, {"x": ends}).affine("x", bits)
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    assert least <= zero <= most and scale.dtype == np.float32
    real = (np.array([least, most]) - zero) * float(scale)
    half = 0.5001 * float(scale)
    assert real[0] <= ends[0] + half and real[1] >= ends[1] - half
    # 16 bits are symmetric and leave one out; a range of nothing has a scale all the same.
    span = ends[1] - ends[0] if bits == 8 else 2 * max(-ends[0], ends[1])
    steps = 2**bits - (1 if bits == 8 else 2)
    assert float(scale) == pytest.approx(max(span, 1e-6 if bits == 8 else 2e-6) / steps, rel=1e-6)
    assert bits == 8 or zero == 0


def test_weights_have_a_scale_for_each_row() -> None:
    random = np.random.default_rng(0)
    for shape in ((5, 7), (4, 3, 2, 2)):
        weight = random.standard_normal(shape) * 10.0 ** random.integers(-3, 3, (
            shape[0], *(1,) * (len(shape) - 1)))
        weight[1] = 0
        weight[2] *= 1.5e-10 / np.abs(weight[2]).max()  # small, and all the same there
        whole, scale = per_channel(weight)
        rows, step = whole.reshape(shape[0], -1), scale.astype(np.float64)[:, None]
        assert whole.dtype == np.int8 and whole.shape == shape and scale.shape == shape[:1]
        assert (np.abs(rows * step - weight.reshape(shape[0], -1)) <= 0.5001 * step).all()
        reach = np.abs(rows.astype(int)).max(1)
        assert reach.tolist() == [0 if row == 1 else 127 for row in range(shape[0])]
        assert (scale > 0).all()


def observed(program: Program, steps: int = 24) -> np.ndarray:
    size = program.contract.observation_size
    random = np.random.default_rng(1)
    return (random.standard_normal((steps, size)) * random.uniform(0.1, 3, size)
            + random.uniform(-1, 1, size)).astype(np.float32)


@pytest.mark.parametrize("case", ["lstm", "gemm_rows", "mlp", "conv_strides", "arithmetic"])
def test_the_floats_stay(case: str) -> None:
    """The observation is scaled by feature, which the first weights undo; ranges hold."""
    program = decompose(zoo.program(case), (Conv,), PLAIN)
    x = observed(program)
    found = with_ranges(program, calibrate(program, x, np.arange(len(x)) == 0))
    before, after = Interpreter(program), Interpreter(found.program)
    inside = {name: [0.0, 0.0] for name in found.ranges}
    for row in x:
        for name, array in after.values(row).items():
            if name in inside:
                least, most = inside[name]
                inside[name] = [min(least, array.min()), max(most, array.max())]
        expected, ours = before.step(row), after.step(row)
        for name, array in expected.items():
            # The mean sums are made up for in the biases, up to what weights lose by rounding.
            assert np.allclose(ours[name], array, rtol=0, atol=0.05 * max(1, np.abs(array).max()))
    for name, (low, high) in inside.items():
        slack = 1e-3 * max(1.0, high - low)
        assert found.ranges[name][0] <= low + slack and found.ranges[name][1] >= high - slack, name
    for state in program.states:
        assert found.ranges[state.input] == found.ranges[state.output]
        assert {state.input, state.output} <= found.fine
    layers = [op for op in found.program.ops if isinstance(op, Conv | Gemm)]
    assert set(found.weights) == {op.y for op in layers}
    for op in layers:
        whole, scale = found.weights[op.y]
        weight = found.program.constants[op.weight].astype(np.float64)
        assert whole.shape == weight.shape and np.abs(whole.astype(int)).max() <= 127
        assert np.allclose(scale, np.abs(weight.reshape(len(weight), -1)).max(1) / 127, rtol=1e-5)


def by_feature(shape: tuple[int, ...], *more: tuple[int, ...], added: bool = False) -> Integers:
    """A layer behind reshapes of an observation, which may be read by something else, too."""
    bench = zoo.Bench(shape)
    x = bench.x
    for each in more:
        x = bench.op(Reshape, x=x, shape=each)
    y = bench.op(Gemm, x=x, weight=bench.weight(6, bench.builder.shape(x)[-1]))
    if added:
        y = bench.op(Binary, a=y, b=x, function="add")
    program = decompose(bench.program(y), (Conv,), PLAIN)
    rows = observed(program)
    return with_ranges(program, calibrate(program, rows, np.arange(len(rows)) == 0))


@pytest.mark.parametrize(("found", "scaled"), [
    (by_feature((1, 6)), True), (by_feature((1, 6), (6,), (1, 1, 6)), True),
    (by_feature((1, 6), (1, 2, 3)), False), (by_feature((1, 6), added=True), False),
    (by_feature((1, 2, 3)), False)], ids=["plain", "reshaped", "parts", "also_added", "rows"])
def test_only_linear_layers_read_features_of_their_own_scales(found: Integers, scaled: bool
                                                              ) -> None:
    """What they read is then [-1, 1] and has 16 bits, and the layer both ends."""
    (layer,) = (op for op in found.program.ops if isinstance(op, Gemm))
    assert (found.ranges[layer.x] == (-1.0, 1.0)) == (layer.x in found.fine) == scaled
    assert (len(found.program.ops) > 1 and isinstance(found.program.ops[0], Binary)) == scaled
    assert found.is_fine(layer) == (scaled or layer.y in found.program.results or any(
        layer.y in op.operands for op in found.program.ops if isinstance(op, Binary)))
