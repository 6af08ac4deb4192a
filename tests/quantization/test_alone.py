# SPDX-License-Identifier: MIT
"""Small decisions of quantisation, each asked by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from puffer_edge.errors import UnsupportedError
from puffer_edge.ir import ActionMask, Activation, Quantization, Value
from puffer_edge.ir.ops import (
    BatchNormalization,
    Concat,
    Gemm,
    L2Normalization,
    LayerNormalization,
    Mask,
    OneHot,
    Reshape,
    Slice,
    Transpose,
    Unary,
)
from puffer_edge.ir.reciprocal_root import LARGEST_ROW, SHIFTS
from puffer_edge.quantization import quantize  # noqa: F401  # registers the rules
from puffer_edge.quantization.calibration import Calibration
from puffer_edge.quantization.describing import ranges
from puffer_edge.quantization.emit import Emitter, Integer
from puffer_edge.quantization.observation import _leaf, _ratio
from puffer_edge.quantization.own import forms
from puffer_edge.quantization.own.writer import Writer
from puffer_edge.quantization.parts import Leaf, Parts, _kind, _sharing, read_by_one_layer
from puffer_edge.quantization.rules import l2_normalization as l2
from puffer_edge.quantization.rules import layer_normalization as layers
from puffer_edge.quantization.rules.lstm_cell import refuse_large_gates
from puffer_edge.quantization.rules.one_hot import one_hot
from tests import zoo

Step = Callable[[zoo.Bench, str], str]


def dense(bench: zoo.Bench, x: str) -> str:
    return bench.op(Gemm, x=x, weight=bench.weight(4, bench.builder.shape(x)[1]))


def function(name: str, *parameters: float) -> Step:
    return lambda bench, x: bench.op(Unary, x=x, function=Activation(name, parameters))


def scaled(bench: zoo.Bench, x: str) -> str:
    return bench.op(BatchNormalization, x=x, scale=bench.weight(4), shift=bench.weight(4))


def shaped(bench: zoo.Bench, x: str) -> str:
    return bench.op(Reshape, x=x, shape=(1, 4))


def turned(bench: zoo.Bench, x: str) -> str:
    return bench.op(Transpose, x=x, permutation=(0, 1))


def cut(start: int, count: int, step: int = 1) -> Step:
    return lambda bench, x: bench.op(
        Slice, x=x, starts=(0, start), counts=(1, count), steps=(1, step))


def hot(bench: zoo.Bench, x: str) -> str:
    return bench.op(Reshape, x=bench.op(OneHot, x=x, classes=2), shape=(1, 8))


def joined(bench: zoo.Bench, x: str) -> str:
    return bench.op(Concat, xs=(x, bench.weight(1, 3)), axis=1)


def remembering(bench: zoo.Bench, x: str) -> str:
    state = bench.builder.state("before", (1, 4))
    y = bench.op(Concat, xs=(x, state), axis=1)
    bench.builder.carry(state, bench.op(Unary, x=state, function=Activation("tanh")))
    return y


@pytest.mark.parametrize(("steps", "one"), [
    ((), True), ((scaled,), True), ((shaped,), True), ((turned,), True), ((joined,), True),
    ((function("clip", -1, 1),), True), ((scaled, joined, function("clip", -1, 1)), True),
    ((function("tanh"),), False), ((scaled, function("tanh")), False),
    ((shaped, function("tanh")), False), ((turned, function("tanh")), False),
    ((joined, function("tanh")), False), ((hot,), False), ((cut(0, 2),), False),
    ((remembering,), False), ((scaled, remembering), False)])
def test_one_layer_reads_the_observation(steps: tuple[Step, ...], one: bool) -> None:
    bench = zoo.Bench((1, 4))
    y = bench.x
    for step in steps:
        y = step(bench, y)
    assert read_by_one_layer(bench.program(dense(bench, y))) is one


@pytest.mark.parametrize("several", [False, True])
def test_what_is_given_out_or_read_twice_has_no_one_layer(several: bool) -> None:
    bench = zoo.Bench((1, 4))
    x = scaled(bench, bench.x)
    y = dense(bench, x)
    program = bench.program(bench.op(Concat, xs=(y, dense(bench, x)), axis=1) if several else y)
    assert not read_by_one_layer(program if several else replace(
        program, outputs=(y, x), output_names=("logits", "extra")))


@pytest.mark.parametrize(("rest", "one"), [
    ((cut(0, 4),), True), ((cut(0, 4), cut(0, 4)), False), ((cut(0, 4, 2),), False),
    ((lambda bench, x: x,), False)])
def test_beside_a_mask_one_slice_is_the_rest(rest: tuple[Step, ...], one: bool) -> None:
    """Elements 8 to 11 say what may be taken."""
    bench = zoo.Bench((1, 12))
    parts = [dense(bench, step(bench, bench.x)) for step in rest]
    y = parts[0] if len(parts) == 1 else dense(bench, bench.op(Concat, xs=tuple(parts), axis=1))
    program = bench.program(bench.op(Mask, x=y, mask=cut(8, 4)(bench, bench.x)))
    program = replace(program, contract=replace(program.contract, mask=ActionMask(8, (4,))))
    assert read_by_one_layer(program) is one


HOT, DENSE = OneHot(x="x", y="y", classes=3), Gemm(x="x", weight="w", y="z")


@pytest.mark.parametrize(("scale", "shift", "readers", "kind"), [
    ((1, 1), (0, 0), (HOT,), "exact"), ((1, 2), (0, 0), (HOT,), ""), ((1, 1), (0, 1), (HOT,), ""),
    ((1, 1), (0, 0), (HOT, DENSE), ""), ((2, 2), (1, 1), (DENSE,), "per-channel"),
    ((1, 1), (0, 0), (Mask(x="a", mask="x", y="y"),), "exact")])
def test_categories_come_in_as_they_are(scale: tuple[int, ...], shift: tuple[int, ...],
                                        readers: tuple[Any, ...], kind: str) -> None:
    leaf = Leaf(np.arange(2), np.array(scale, float), np.array(shift, float))
    assert _kind(leaf, (1, 2), list(readers)) == kind


def test_only_matrices_take_a_row_with_a_scale_for_each_element() -> None:
    leaf = Leaf(np.arange(2), np.ones(2), np.zeros(2))
    readers: list[Any] = [Unary(x="x", y="y", function=Activation("tanh"))]
    assert _kind(leaf, (1, 2), readers) == _kind(leaf, (2, 1), [DENSE]) == "per-tensor"


def test_leaves_that_share_by_way_of_others_are_one_group() -> None:
    elements = {"a": (0, 1), "b": (2, 3), "z": (9,), "c": (1, 2), "d": (1,), "e": (0, 3)}
    ones = np.ones(2)
    found = _sharing({name: Leaf(np.array(each), ones, ones) for name, each in elements.items()})
    assert sorted(sorted(names) for names in found) == [["a", "b", "c", "d", "e"], ["z"]]


def seeing(*rows: tuple[float, ...]) -> Calibration:
    seen = np.array(rows, np.float32)
    return Calibration({"x": seen.min(0)}, {"x": seen.max(0)}, len(rows), {"x": seen})


class Bounds(SimpleNamespace):
    """A calibration that gives these ranges as they are."""

    def features(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.low, float), np.array(self.high, float)


@pytest.mark.parametrize(("low", "high", "reach"), [
    ((-3, -1), (0, 2), 3), ((-1, 0), (2, 5), 5), ((0, 0), (0, 0), 1e-6)])
def test_one_scale_reaches_the_farthest_end(low: Any, high: Any, reach: float) -> None:
    bounds = Bounds(low=low, high=high, samples={})
    made: list[Any] = []
    emitter: Any = SimpleNamespace(
        calibration=bounds, program=SimpleNamespace(input="x"),
        ranges=SimpleNamespace(limits=lambda *asked: (-127, 127)),
        quantize=lambda *given: made.append(given))
    one = np.ones(2)
    parts = Parts((), {"x": Leaf(np.arange(2), one, 0 * one)}, ())
    assert _ratio(["x"], parts, 127, emitter) == pytest.approx(127 / reach, rel=1e-12)
    for reader, top in ((None, 32767), (DENSE, 127)):
        name, qparams = Emitter.per_tensor(emitter, "x", "made", reader)
        assert (name, qparams.zero_point, qparams.low, qparams.high) == ("made", 0, -top, top)
        assert qparams.scale == pytest.approx(reach / top, rel=1e-12)
    assert made[0] == ("x", "made", replace(made[0][2]), "int16")


@pytest.mark.parametrize(("scale", "largest"), [
    ((0, 0), 1), ((0, 2), 0.5), ((2, 0), 0.25), ((2, 2), 0.5)])
def test_a_dropped_feature_does_not_choose_the_scale(scale: Any, largest: float) -> None:
    """Factors are 8 and 4 integers per unit."""
    leaf = Leaf(np.arange(2), np.array(scale, float), np.zeros(2))
    made = _leaf("x", leaf, np.array([8.0, 4.0]), np.zeros(2), Quantization(1, 0, -9, 9), "exact")
    assert made.qparams.scale == made.scale.item() == largest and made.zero.item() == 0


@pytest.mark.parametrize("end", [-1, 1])
@pytest.mark.parametrize("zero", [0, 3])
def test_half_a_step_beyond_is_rounded_and_not_cut_off(end: int, zero: int) -> None:
    """With a zero point, which is rounded itself, it is a whole step."""
    bench = zoo.Bench((1, 2))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(2, 2), layer="layer")
    program = bench.program(y)
    qparams = Quantization(0.25, zero, -100, 100)
    made = replace(program, values={**program.values, y: replace(
        program.values[y], dtype="int8", quantization=qparams)})
    last = (100 * end - zero) * 0.25
    slack = 0.25 if zero else 0.125
    for beyond, share in ((0.0, 0.0), (slack, 0.0), (slack + 2.0**-10, 0.25)):
        seen = np.float32([[0, 0], [last + end * beyond, 0]])
        held_back = Calibration({}, {}, 2, {y: seen})
        (found,) = ranges(made, held_back)
        assert (found.value, found.clipped, found.steps) == (y, share, 2 * share)


def normalising(monkeypatch: pytest.MonkeyPatch, module: Any, count: int, scale: float
                ) -> tuple[Any, list[Any], dict[str, np.ndarray]]:
    """What a norm of a row is told, and what it makes."""
    source = Quantization(scale, 0, -128, 127)
    monkeypatch.setattr(module, "operand", lambda *asked: ("x", source))
    for name in ("affine", "settle"):
        monkeypatch.setattr(module, name, lambda *asked: None, raising=False)
    monkeypatch.setattr(module, "name_of", lambda *asked: "y", raising=False)
    ops: list[Any] = []
    constants: dict[str, np.ndarray] = {}

    def constant(array: np.ndarray, name: str) -> str:
        constants[name] = array
        return name

    emitter = SimpleNamespace(
        program=SimpleNamespace(values={"x": Value("x", (1, count))}), add=ops.append,
        constant=constant, declare=lambda *asked: None, floats=lambda name: np.ones(count))
    return emitter, ops, constants


MOST = 2.0**29 - 1
"""What 31 bits leave beside a sum of squares below 2^29, times 2."""


@pytest.mark.parametrize(("count", "epsilon", "taken"), [
    (2, MOST, True), (2, MOST + 1, False), (LARGEST_ROW, 1.0, True), (LARGEST_ROW + 1, 1.0, False)])
def test_what_a_layer_normalisation_takes(count: int, epsilon: float, taken: bool,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    """Epsilon in squares of steps, divided by 4 for each of 12 shifts."""
    emitter, ops, constants = normalising(monkeypatch, layers, count, 0.5)
    op = LayerNormalization(x="x", scale="s", bias="b", y="y", axis=1,
                            epsilon=epsilon * 4.0 ** (SHIFTS - 2) / count)
    if not taken:
        with pytest.raises(UnsupportedError, match="too long" if count > 2 else "so small"):
            layers.layer_normalization(op, emitter)
        return
    layers.layer_normalization(op, emitter)
    wanted = [min(round(epsilon * 4.0**k), 2**29 - 1) for k in reversed(range(SHIFTS))]
    assert constants["y.normal.epsilon"].tolist() == wanted
    assert ops[0].shift == next(
        k for k in range(SHIFTS) if epsilon * 4.0 ** (SHIFTS - 1 - k) <= MOST)


@pytest.mark.parametrize(("count", "epsilon", "floor", "taken"), [
    (2, MOST, 0.0, True), (2, MOST + 1, 0.0, False), (2, 0.0, 2.0**29 - 2**16, True),
    (2, 0.0, 2.0**29, False), (LARGEST_ROW, 1.0, 0.0, True), (LARGEST_ROW + 1, 1.0, 0.0, False)])
@pytest.mark.parametrize("mean", [False, True])
def test_what_a_norm_takes(count: int, epsilon: float, floor: float, taken: bool, mean: bool,
                           monkeypatch: pytest.MonkeyPatch) -> None:
    emitter, ops, constants = normalising(monkeypatch, l2, count, 0.5)
    unit = 4.0 ** (SHIFTS - 2) / (count if mean else 1)
    op = L2Normalization(x="x", y="y", axis=1, epsilon=epsilon * unit, floor=(floor * unit) ** 0.5,
                         mean=mean)
    if not taken:
        with pytest.raises(UnsupportedError, match="too long" if count > 2 else "so small"):
            l2.l2_normalization(op, emitter)
        return
    l2.l2_normalization(op, emitter)
    added = [min(round(epsilon * 4.0**k), 2**29 - 1) for k in reversed(range(SHIFTS))]
    least = [min(max(round(floor * 4.0**k), 1), 2**29 - 1) for k in reversed(range(SHIFTS))]
    assert constants["y.added"].tolist() == added and constants["y.floor"].tolist() == least
    assert ops[0].shift == next(
        k for k in range(SHIFTS) if max(epsilon, floor) * 4.0 ** (SHIFTS - 1 - k) <= MOST)


@pytest.mark.parametrize(("bound", "taken"), [(2**28, True), (2**28 + 1, False)])
def test_gates_fill_their_bits(bound: int, taken: bool) -> None:
    linear: Any = SimpleNamespace(bound=np.array([bound, 1.0]), scales=np.array([0.5, 0.5]))
    if taken:
        refuse_large_gates(linear, np.array([0.5, 0.5]), DENSE)
    else:
        with pytest.raises(UnsupportedError, match="31 bits"):
            refuse_large_gates(linear, np.array([0.5, 0.5]), DENSE)


@pytest.mark.parametrize(("scale", "zero", "channels", "taken"), [
    (1.0, 0, 1, True), (0.5, 0, 1, False), (2.0, 0, 1, False), (1.0, 1, 1, False),
    (1.0, -1, 1, False), (1.0, 0, 3, False)])
def test_a_category_is_a_whole_number_that_came_in(scale: float, zero: int, channels: int,
                                                   taken: bool) -> None:
    made: list[Any] = []
    qparams = Quantization(scale, zero, -128, 127)
    emitter: Any = SimpleNamespace(
        integers={"x": Integer("q", qparams, np.full(channels, scale), np.zeros(channels))},
        ranges=SimpleNamespace(dtype=lambda name: "int8", limits=lambda *asked: (-128, 127)),
        add=made.append, declare=lambda *asked: None)
    if taken:
        one_hot(HOT, emitter)
        assert (made[0].x, made[0].classes, made[0].quantization) == (
            "q", 3, Quantization(1 / 127, 0, 0, 127))
    else:
        with pytest.raises(UnsupportedError, match="OneHot of a computed number"):
            one_hot(HOT, emitter)


def written(qparams: tuple[Quantization, ...], form: Any, out: Quantization, dtype: str,
            step: int = 97) -> tuple[np.ndarray, list[np.ndarray]]:
    """What is written for a form, over all that its integers can be (in some steps)."""
    bench = zoo.Bench((1, 1))
    program = bench.program(dense(bench, bench.x))
    writer = Writer(program)
    y = writer.write(form, out, "made", dtype)
    inputs = [np.arange(each.low, each.high + 1, step) for each in qparams]
    inputs = [side[: min(map(len, inputs))] for side in inputs]
    known = dict(zip("ab", (side.astype(np.int16) for side in inputs), strict=False))
    known |= writer.constants
    for op in writer.ops:
        (known[op.outputs[0]],) = op.evaluate([known[name] for name in op.operands])
    return known[y].astype(float), [
        (side - each.zero_point) * each.scale for side, each in zip(inputs, qparams, strict=True)]


def test_sixteen_bits_in_eight_are_rounded_once() -> None:
    """Half a step, and a hundredth of one for the multiplier."""
    source, out = Quantization(2.0**-8, 100, -32768, 32767), Quantization(1.003, 3, -128, 127)
    made, (real,) = written((source,), forms.Mapped(forms.Integer("a", source), forms.same), out,
                            "int8", 1)
    inside = np.abs(real / 1.003) < 120
    assert np.abs(made - 3 - real / 1.003)[inside].max() <= 0.51
    assert abs((made - 3 - real / 1.003)[inside].mean()) < 0.002


@pytest.mark.parametrize("function", ["add", "sub"])
@pytest.mark.parametrize("scales", [(1.0, 2.0**-9), (2.0**-9, 1.0), (1.0, 2.0**-22), (0.75, 0.5)])
def test_sums_of_unlike_scales(function: str, scales: tuple[float, float]) -> None:
    sources = tuple(Quantization(each, 5, -32768, 32767) for each in scales)
    out = Quantization(2 * max(scales), -7, -32768, 32767)
    pair = forms.Pair(function, *(forms.Integer(name, each) for name, each in
                                  zip("ab", sources, strict=True)), "")
    made, (a, b) = written(sources, pair, out, "int16")
    wanted = (a + b if function == "add" else a - b) / out.scale
    assert np.abs(made + 7 - wanted.clip(-32761, 32774)).max() <= 1.5
