# SPDX-License-Identifier: MIT
"""Passes keep what a policy computes, and do what they are for."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import (
    BatchNormalization,
    Binary,
    Concat,
    Conv,
    Gemm,
    GRUCell,
    LSTMCell,
    Reshape,
    Unary,
)
from puffer_edge.passes import (
    canonicalize_affine,
    drop_value_head,
    fold_constant_parts,
    fold_constants,
    fold_normalization,
    fuse_activations,
    join_linear,
    merge_linear,
    optimize,
    remove_dead_code,
    remove_identities,
    reshape_states,
    split_activations,
)
from puffer_edge.quantization.calibration import calibrate
from puffer_edge.quantization.quantize import quantize
from puffer_edge.quantization.schemes import find_scheme
from tests import zoo

U = 2.0**-24  # unit roundoff of float32


def sequence(program: Program, steps: int = 20) -> np.ndarray:
    random = np.random.default_rng(5)
    interpreter = Interpreter(program)
    return np.stack([
        interpreter.step(zoo.permitted(program, random.standard_normal(
            program.contract.observation_size)))["logits"]
        for _ in range(steps)])


def kinds(program: Program) -> list[str]:
    return [type(op).__name__ for op in program.ops]


@pytest.mark.parametrize("case", sorted(set(zoo.CASES) - {"arithmetic", "norms"}))
def test_optimize_keeps_every_bit(case: str) -> None:
    """Cases without an affine to fold: nothing may be rounded differently."""
    program = zoo.program(case)
    assert np.array_equal(sequence(program), sequence(optimize(program)))


@pytest.mark.parametrize("case", ["arithmetic", "norms"])
def test_optimize_folds_affine_ops_up_to_rounding(case: str) -> None:
    """A handful of roundings are merged, each off by at most U of values below 100."""
    program = zoo.program(case)
    assert np.allclose(sequence(program), sequence(optimize(program)), rtol=0, atol=100 * 16 * U)


def test_dead_code_goes_with_state_that_only_feeds_itself() -> None:
    bench = zoo.Bench((1, 4))
    counter = bench.builder.state("counter", (1, 1))
    one = bench.builder.constant(np.ones((1, 1), np.float32))
    bench.builder.carry(counter, bench.op(Binary, a=counter, b=one, function="add"))
    bench.op(Unary, x=bench.x, function=Activation("tanh"))
    program = bench.program(bench.op(Gemm, x=bench.x, weight=bench.weight(2, 4)))
    smaller = remove_dead_code(program)
    assert kinds(smaller) == ["Gemm"]
    assert smaller.states == ()
    assert len(smaller.constants) == 1


def test_constants_are_computed_at_export() -> None:
    bench = zoo.Bench((1, 4))
    weight = bench.op(Binary, a=bench.weight(2, 4), b=bench.weight(2, 1), function="mul")
    program = bench.program(bench.op(Gemm, x=bench.x, weight=weight))
    folded = fold_constants(program)
    assert kinds(folded) == ["Gemm"]
    assert np.array_equal(sequence(program), sequence(folded))


@pytest.mark.parametrize(("widths", "left"), [((4, 6, 3), 1), ((6, 9, 2, 7), 2), ((3, 1, 3), 2)])
def test_linear_layers_in_a_row_are_one_matrix(widths: tuple[int, ...], left: int) -> None:
    """Where that is less work: 3-1-3 stays. Off by the roundings of sums of fewer than 32 terms."""
    bench = zoo.Bench((1, widths[0]))
    y = bench.x
    for inputs, outputs in pairwise(widths):
        y = bench.op(Gemm, x=y, weight=bench.weight(outputs, inputs), bias=bench.weight(outputs))
    program = bench.program(y)
    merged = merge_linear(program)
    assert len(merged.ops) == left
    assert np.allclose(sequence(program), sequence(merged), rtol=0, atol=64 * 32 * U)


@pytest.mark.parametrize("apart", [False, True])
def test_linear_layers_that_are_joined_are_one_matrix(apart: bool) -> None:
    """Every bit stays; layers of which something else is read, or of two inputs, stay, too."""
    bench = zoo.Bench((1, 4))
    other = bench.op(Unary, x=bench.x, function=Activation("tanh")) if apart else bench.x
    parts = [bench.op(Gemm, x=bench.x, weight=bench.weight(3, 4), bias=bench.weight(3)),
             bench.op(Gemm, x=other, weight=bench.weight(2, 4))]
    program = bench.program(bench.op(Concat, xs=tuple(parts), axis=1))
    joined = join_linear(program)
    assert (joined is program) == apart
    assert np.array_equal(sequence(program), sequence(joined))
    if not apart:
        assert kinds(joined) == ["Gemm"] and joined.macs == program.macs


@pytest.mark.parametrize("kind", [Gemm, LSTMCell, GRUCell])
@pytest.mark.parametrize("parts", ["cxc", "xcx"])
def test_constants_joined_to_the_inputs_go_into_the_bias(kind: type, parts: str) -> None:
    """Off by the roundings of sums of fewer than 32 terms below 8, over 20 steps of contraction."""
    bench = zoo.Bench((1, 4))
    xs = tuple(bench.x if part == "x" else bench.weight(1, 3) for part in parts)
    y = bench.op(Concat, xs=xs, axis=1)
    width = 3 * parts.count("c") + 4 * parts.count("x")
    if kind is Gemm:
        y = bench.op(Gemm, x=y, weight=bench.weight(5, width))
    else:
        gates, hidden = (4, 5) if kind is LSTMCell else (3, 5)
        states = [bench.builder.state(name, (1, hidden)) for name in "hc"[:gates - 2]]
        weights = {"weight": bench.weight(gates * hidden, width), "bias": bench.weight(gates * 5),
                   "recurrent": bench.weight(gates * hidden, hidden)}
        if kind is GRUCell:
            weights["recurrent_bias"] = bench.weight(gates * hidden)
        made = bench.builder.add_many(kind, ("",) * len(states), x=y, **weights,
                                      **dict(zip("hc", states, strict=False)))
        for state, value in zip(states, made, strict=True):
            bench.builder.carry(state, value)
        y = made[0]
    program = bench.program(y)
    folded = fold_constant_parts(program)
    assert kinds(folded) == ([] if parts == "cxc" else ["Concat"]) + [kind.__name__]
    assert folded.macs < program.macs
    assert np.allclose(sequence(program), sequence(folded), rtol=0, atol=20 * 8 * 32 * U)


def test_constants_that_something_else_reads_stay() -> None:
    bench = zoo.Bench((1, 4))
    y = bench.op(Concat, xs=(bench.x, bench.weight(1, 3)), axis=1)
    program = bench.program(bench.op(Concat, xs=(
        y, bench.op(Gemm, x=y, weight=bench.weight(2, 7))), axis=1))
    assert fold_constant_parts(program) is program


def test_linear_layers_with_something_between_stay() -> None:
    bench = zoo.Bench((1, 4))
    first = bench.op(Gemm, x=bench.x, weight=bench.weight(6, 4), activation=Activation("relu"))
    second = bench.op(Gemm, x=first, weight=bench.weight(6, 6))
    third = bench.op(Gemm, x=second, weight=bench.weight(2, 6))
    program = bench.program(bench.op(Binary, a=third, b=bench.op(
        Gemm, x=second, weight=bench.weight(2, 6)), function="add"))
    assert merge_linear(program) is program


def test_reshape_chains_vanish() -> None:
    bench = zoo.Bench((1, 4))
    y = bench.op(Reshape, x=bench.x, shape=(2, 2))
    y = bench.op(Reshape, x=bench.op(Reshape, x=y, shape=(4, 1)), shape=(1, 4))
    program = bench.program(bench.op(Gemm, x=y, weight=bench.weight(2, 4)))
    assert kinds(remove_dead_code(remove_identities(program))) == ["Gemm"]


@pytest.mark.parametrize("also_read", [False, True])
def test_a_state_takes_the_shape_of_its_cell(also_read: bool) -> None:
    """As ONNX has it: [1, 1, 7] outside, [1, 7] in the cell. Who reads it as it is, keeps it."""
    bench = zoo.Bench((1, 6))
    outside = [bench.builder.state(name, (1, 1, 7)) for name in "hc"]
    h, c = (bench.op(Reshape, x=name, shape=(1, 7)) for name in outside)
    y_h, y_c = bench.builder.add_many(
        LSTMCell, ("", ""), x=bench.x, h=h, c=c, weight=bench.weight(28, 6),
        recurrent=bench.weight(28, 7), bias=bench.weight(28))
    for name, value in zip(outside, (y_h, y_c), strict=True):
        bench.builder.carry(name, bench.op(Reshape, x=value, shape=(1, 1, 7)))
    y = y_h
    if also_read:
        square = bench.op(Binary, a=outside[0], b=outside[0], function="mul")
        y = bench.op(Binary, a=y, b=bench.op(Reshape, x=square, shape=(1, 7)), function="add")
    y = bench.op(Gemm, x=y, weight=bench.weight(3, 7))
    program = remove_dead_code(bench.program(y))
    reshaped = remove_dead_code(reshape_states(program))
    shapes = {state.input: state.initial.shape for state in reshaped.states}
    assert shapes == {outside[0]: (1, 1, 7) if also_read else (1, 7), outside[1]: (1, 7)}
    assert ("Reshape" in kinds(reshaped)) == also_read
    logits = [[runner.step(x)["logits"] for x in np.eye(6)]
              for runner in (Interpreter(program), Interpreter(reshaped))]
    assert np.array_equal(*logits)


def test_a_normaliser_in_arithmetic_disappears() -> None:
    """(x - mean) / std, then a linear layer: one Gemm is left."""
    bench = zoo.Bench((1, 4))
    mean, std = bench.weight(4), bench.builder.constant(np.float32([0.5, 1, 2, 4]))
    y = bench.op(Binary, a=bench.x, b=mean, function="sub")
    y = bench.op(Binary, a=y, b=std, function="div")
    program = bench.program(bench.op(Gemm, x=y, weight=bench.weight(3, 4), bias=bench.weight(3)))
    folded = fold_normalization(canonicalize_affine(program))
    assert kinds(folded) == ["Gemm"]
    assert [note.kind for note in folded.notes] == ["folded"]
    # Five terms of magnitude below 20, two roundings each on both sides.
    assert np.allclose(sequence(program), sequence(folded), rtol=0, atol=20 * 20 * U)


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("layer", ["gemm", "conv", "reshape"])
def test_batch_norm_is_folded_on_both_sides(place: str, layer: str) -> None:
    bench = zoo.Bench((1, 4) if layer == "gemm" else (1, 4, 3, 3))

    def norm(x: str) -> str:
        channels = bench.builder.shape(x)[1]
        return bench.op(BatchNormalization, x=x, scale=bench.weight(channels),
                        shift=bench.weight(channels))

    x = norm(bench.x) if place == "before" else bench.x
    if layer == "conv":
        y = bench.op(Conv, x=x, weight=bench.weight(5, 4, 2, 2), strides=(1, 1), pads=(0,) * 4,
                     dilations=(1, 1))
    else:
        size = 4
        if layer == "reshape":
            x, size = bench.op(Reshape, x=x, shape=(1, 36)), 36
        y = bench.op(Gemm, x=x, weight=bench.weight(5, size), bias=bench.weight(5))
    y = norm(y) if place == "after" else y
    count = int(np.prod(bench.builder.shape(y)))
    program = bench.program(bench.op(Reshape, x=y, shape=(1, count)))
    folded = fold_normalization(program)
    assert "BatchNormalization" not in kinds(folded)
    # At most 36 terms of magnitude below 20, each rounded twice on both sides.
    assert np.allclose(sequence(program), sequence(folded), rtol=0, atol=4 * 36 * 20 * U)


def test_a_norm_before_a_padded_conv_stays() -> None:
    bench = zoo.Bench((1, 2, 4, 4))
    x = bench.op(BatchNormalization, x=bench.x, scale=bench.weight(2), shift=bench.weight(2))
    y = bench.op(Conv, x=x, weight=bench.weight(3, 2, 3, 3), strides=(1, 1), pads=(1,) * 4,
                 dilations=(1, 1))
    program = bench.program(bench.op(Reshape, x=y, shape=(1, 48)))
    assert "BatchNormalization" in kinds(optimize(program))


def test_a_norm_whose_value_somebody_else_reads_stays() -> None:
    bench = zoo.Bench((1, 4))
    x = bench.op(BatchNormalization, x=bench.x, scale=bench.weight(4), shift=bench.weight(4))
    y = bench.op(Gemm, x=x, weight=bench.weight(4, 4))
    program = bench.program(bench.op(Binary, a=x, b=y, function="add"))
    assert "BatchNormalization" in kinds(optimize(program))


def test_activations_are_fused_unless_the_raw_value_is_read() -> None:
    assert kinds(fuse_activations(zoo.program("mlp"))) == ["Gemm", "Gemm", "Gemm"]
    bench = zoo.Bench((1, 4))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(4, 4))
    z = bench.op(Unary, x=y, function=Activation("tanh"))
    program = bench.program(bench.op(Binary, a=y, b=z, function="mul"))
    assert kinds(fuse_activations(program)) == kinds(program)


def test_what_was_fused_is_split_for_integers() -> None:
    """A Program that was optimised before gives the same integers."""
    program = zoo.program("mlp")
    once, twice = optimize(program, fuse=False), optimize(optimize(program), fuse=False)
    assert kinds(once) == kinds(twice) == kinds(split_activations(optimize(program)))
    x = np.random.default_rng(2).standard_normal((64, program.contract.observation_size))
    x = x.astype(np.float32)
    found = [quantize(prepared, calibrate(prepared, x, np.arange(64) == 0), find_scheme("int8"))
             for prepared in (once, twice)]
    for row in x:
        first, second = (Interpreter(each).step(row)["logits"] for each in found)
        assert first.tobytes() == second.tobytes()


def test_the_value_head_is_dropped_with_what_only_it_needs() -> None:
    bench = zoo.Bench((1, 4))
    hidden = bench.op(Gemm, x=bench.x, weight=bench.weight(8, 4))
    critic = bench.op(Gemm, x=bench.op(Gemm, x=hidden, weight=bench.weight(6, 8)),
                      weight=bench.weight(1, 6))
    logits = bench.op(Gemm, x=hidden, weight=bench.weight(2, 8))
    base = bench.program(logits)
    program = base.with_ops(tuple(bench.builder.ops), bench.builder.constants,
                            outputs=(logits, critic), output_names=("logits", "value"))
    smaller = drop_value_head(program)
    assert smaller.output_names == ("logits",)
    assert program.parameters - smaller.parameters == 6 * 8 + 6
    assert smaller.notes[-1].kind == "dropped"


def test_passes_do_not_overwrite_a_constant_of_the_name_they_would_give() -> None:
    bench = zoo.Bench((1, 4))
    scale = bench.builder.constant(np.float32([[1, 2, 3, 4]]), "norm.scale")
    y = bench.op(Binary, a=bench.x, b=scale, function="add", name="norm")
    y = bench.op(Unary, x=y, function=Activation("tanh"))
    program = bench.program(bench.op(Binary, a=y, b=scale, function="max"))
    assert np.array_equal(sequence(program), sequence(optimize(program)))


@pytest.mark.parametrize("factors", [(1e-39,), (1e25, 1e25), (1e-30, 1e-30)])
def test_what_float32_cannot_hold_is_not_merged(factors: tuple[float, ...]) -> None:
    """1 / 1e-39 and 1e50 are infinite, 1e-60 is zero."""
    bench = zoo.Bench((1, 4))
    x = bench.x
    for factor in factors:
        divisor = bench.builder.constant(np.float32(factor))
        x = bench.op(Binary, a=x, b=divisor, function="div")
    for name, array in optimize(bench.program(x)).constants.items():
        assert np.isfinite(array).all(), name
        assert name.endswith("shift") or np.all(array != 0), name


def test_a_normaliser_that_would_overflow_a_weight_is_not_folded() -> None:
    bench = zoo.Bench((1, 4))
    huge = bench.builder.constant(np.full(4, 1e30, np.float32))
    y = bench.op(BatchNormalization, x=bench.x, scale=huge, shift=huge)
    weight = bench.builder.constant(np.full((2, 4), 1e20, np.float32))
    program = bench.program(bench.op(Gemm, x=y, weight=weight))
    assert fold_normalization(program) is program


def test_a_computed_scale_is_left_alone() -> None:
    bench = zoo.Bench((1, 4))
    computed = bench.op(Reshape, x=bench.x, shape=(4,))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(4, 4))
    program = bench.program(bench.op(BatchNormalization, x=y, scale=computed, shift=computed))
    assert "BatchNormalization" in kinds(optimize(program))
    assert np.array_equal(sequence(program), sequence(optimize(program)))
