# SPDX-License-Identifier: MIT
"""Lines of the passes that no larger graph asks for, by graphs of a few ops."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import ActionMask, Activation, Contract, Discrete, Field, Program
from puffer_edge.ir.ops import BatchNormalization, Binary, Concat, Conv, Gemm, Reshape, Slice, Unary
from puffer_edge.passes import canonicalize_affine, recognize_functions, recognize_masks
from puffer_edge.passes.fold_normalization import fold_normalization
from puffer_edge.passes.merge_linear import merge_linear
from puffer_edge.passes.printable_names import printable_names
from puffer_edge.passes.recognize_masks import masked
from puffer_edge.passes.split_biases import split_biases
from tests import zoo
from tests.passes.graphs import kinds, norm, number, same


@pytest.mark.parametrize("computed", ["scale", "shift"])
def test_a_normalisation_with_computed_numbers_is_left_alone(computed: str) -> None:
    bench = zoo.Bench((1, 3))
    made = bench.op(Reshape, x=bench.op(Gemm, x=bench.x, weight=bench.weight(3, 3)), shape=(3,))
    fields = {"scale": bench.weight(3), "shift": bench.weight(3), computed: made}
    program = bench.program(bench.op(BatchNormalization, x=bench.x, **fields))
    after = canonicalize_affine(program)
    assert kinds(after) == kinds(program)
    same(program, after)


@pytest.mark.parametrize("reach", [13.0, 9e5, 9e29])
@pytest.mark.parametrize("side", [(-1, 2), (-2, 1), (-1, 1)])
def test_a_far_clamp_is_no_part_of_a_function(reach: float, side: tuple[int, int]) -> None:
    """The numbers beyond it would be others, by more than roundings of numbers of x's size."""
    bench = zoo.Bench((1, 3))
    limits = tuple(end * reach if abs(end) == 1 else end * 1e38 for end in side)
    y = bench.op(Unary, x=bench.x, function=Activation("clip", limits))
    y = bench.op(Binary, a=y, b=bench.op(Unary, x=y, function=Activation("sigmoid")),
                 function="mul")
    program = bench.program(y)
    after = recognize_functions(program)
    x = np.float32([2 * reach, -2 * reach, 1])
    found, wanted = (Interpreter(each).step(x)["logits"] for each in (after, program))
    assert (np.abs(found - wanted) <= 1e-5 * np.maximum(1, np.abs(x))).all()


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("second", [False, True])
def test_layers_with_and_without_biases_become_one(first: bool, second: bool) -> None:
    bench = zoo.Bench((1, 4))
    y = bench.op(Gemm, x=bench.x, weight=bench.weight(6, 4),
                 bias=bench.weight(6) if first else "")
    y = bench.op(Gemm, x=y, weight=bench.weight(5, 6), bias=bench.weight(5) if second else "")
    program = bench.program(y)
    (op,) = (made := merge_linear(program)).ops
    assert isinstance(op, Gemm) and made.constants[op.weight].shape == (5, 4)
    assert np.any(made.constants[op.bias]) == (first or second)
    same(program, made, 1e-5)


@pytest.mark.parametrize("image", [(1, 3, 5, 4), (1, 3, 6)])
def test_a_normalisation_goes_into_the_convolution_after_it(image: tuple[int, ...]) -> None:
    """By channels, of kernels as large as there are channels, too."""
    bench, rank = zoo.Bench(image), len(image) - 2
    weight = bench.weight(2, 3, *(3,) * rank)
    y = bench.op(Conv, x=norm(bench, bench.x), weight=weight, bias=bench.weight(2),
                 strides=(1,) * rank, pads=(0,) * 2 * rank, dilations=(1,) * rank)
    size = int(np.prod(bench.builder.shape(y)))
    program = bench.program(bench.op(Reshape, x=y, shape=(1, size)))
    after = fold_normalization(program)
    assert kinds(after) == "Conv Reshape"
    same(program, after, 2e-5)


@pytest.mark.parametrize("image", [(1, 2, 5, 4), (1, 2, 6)])
def test_a_computed_bias_is_one_for_each_channel(image: tuple[int, ...]) -> None:
    """As many channels as the last axis has elements, so that another axis would do, too."""
    bench, rank = zoo.Bench(image), len(image) - 2
    size, channels = int(np.prod(image)), image[-1] - 1
    bias = bench.op(Reshape, shape=(channels,), x=bench.op(
        Gemm, x=bench.op(Reshape, x=bench.x, shape=(1, size)), weight=bench.weight(channels, size)))
    y = bench.op(Conv, x=bench.x, weight=bench.weight(channels, 2, *(2,) * rank), bias=bias,
                 strides=(1,) * rank, pads=(0,) * 2 * rank, dilations=(1,) * rank)
    size = int(np.prod(bench.builder.shape(y)))
    program = bench.program(bench.op(Reshape, x=y, shape=(1, size)))
    after = split_biases(program)
    (added,) = (op for op in after.ops if isinstance(op, Binary))
    assert after.values[added.b].shape == (channels, *(1,) * rank)
    same(program, after, 2e-5)


def heads(*sizes: int) -> Program:
    """Logits of each head, of which a penalty is taken off where the observation says so."""
    bench, total = zoo.Bench((1, 4 + sum(sizes))), sum(sizes)
    seen = bench.op(Slice, x=bench.x, starts=(0, 0), counts=(1, 4), steps=(1, 1))
    logits = [bench.op(Gemm, x=seen, weight=bench.weight(size, 4)) for size in sizes]
    y = bench.op(Concat, xs=tuple(logits), axis=1) if len(sizes) > 1 else logits[0]
    mask = bench.op(Slice, x=bench.x, starts=(0, 4), counts=(1, total), steps=(1, 1))
    mask = bench.op(Binary, a=mask, b=number(bench, 1), function="sub")
    mask = bench.op(Binary, a=mask, b=number(bench, 1e9), function="mul")
    program = bench.program(bench.op(Binary, a=y, b=mask, function="add"))
    return replace(program, contract=Contract(
        (Field("x", (4,)), Field("legal", (total,))), Discrete(sizes)))


@pytest.mark.parametrize("sizes", [(3, 2), (2, 2, 4), (1, 5)])
def test_masks_of_several_heads(sizes: tuple[int, ...]) -> None:
    """Choices of random rows, by numpy."""
    program = heads(*sizes)
    made = recognize_masks(program)
    assert made.contract.mask == ActionMask(4, sizes) and kinds(made).split()[-1] == "Mask"
    random, ends = np.random.default_rng(0), np.cumsum(sizes)[:-1]
    for _ in range(10):
        x = random.standard_normal(4 + sum(sizes)).astype(np.float32)
        x[4:] = np.concatenate([np.arange(size) == random.integers(size) for size in sizes])
        open_row = np.concatenate([x[:4], np.ones(sum(sizes))]).astype(np.float32)
        raw = Interpreter(program).step(open_row)["logits"]
        wanted = [int(np.where(part == 1, row, -np.inf).argmax()) for part, row in
                  zip(np.split(x[4:], ends), np.split(raw.reshape(-1), ends), strict=True)]
        assert Interpreter(made).act(x).tolist() == wanted


@pytest.mark.parametrize("shape", [(1, 6), (1, 2, 3), (6,), (2, 3)])
def test_a_mask_is_cut_from_the_flat_observation(shape: tuple[int, ...]) -> None:
    """Elements 3 to 5; only an observation that is no row is made one."""
    bench = zoo.Bench(shape)
    x = bench.op(Reshape, x=bench.x, shape=(1, 6))
    y = bench.op(Gemm, x=x, weight=number(bench, np.eye(3, 6)))
    made = masked(bench.program(y), y, ActionMask(3, (3,)))
    assert kinds(made) == "Reshape Gemm " + "Reshape " * (shape != (1, 6)) + "Slice Mask"
    row = Interpreter(made).step(np.float32([3, 2, 1, 0, 1, 1]))["logits"].reshape(-1)
    assert row.argmax() == 1 and row[1:].tolist() == [2, 1]


def test_what_is_cut_off_a_long_name_is_told_by_a_digest() -> None:
    """The first 8 hexadecimal digits of SHA-256, as of git's short names, behind what stays."""
    text = "w" * 150 + "x" * 51
    bench = zoo.Bench((1, 2))
    program = bench.program(bench.op(Gemm, x=bench.x, weight=bench.weight(2, 2), name=text))
    (made,) = printable_names(program).ops
    assert made.outputs[0] == text[:188] + "..." + hashlib.sha256(text.encode()).hexdigest()[:8]
