# SPDX-License-Identifier: MIT
"""Movements that move nothing vanish, results and states have memory of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from puffer_edge.ir import Activation
from puffer_edge.ir.ops import (
    Binary,
    Concat,
    Expand,
    Reshape,
    Slice,
    Transpose,
    Unary,
)
from puffer_edge.passes import (
    fold_constants,
    fuse_activations,
    optimize,
    remove_dead_code,
    remove_identities,
    reshape_states,
    separate_results,
    split_activations,
)
from puffer_edge.passes.constants import fits_float32, overflows, unused
from tests import zoo
from tests.passes.graphs import (
    Body,
    Case,
    after,
    begun,
    built,
    gemm,
    kinds,
    norm,
    number,
    same,
    shaped,
)


def moved(kind: type, then: tuple[int, ...] = (1, 24), **fields: object) -> Body:
    """A movement between two functions, so that it is neither input nor output."""
    return after(lambda bench, x: bench.op(Unary, x=x, function=Activation("tanh")),
                 lambda bench, x: bench.op(kind, x=x, **fields),
                 lambda bench, x: bench.op(Unary, x=x, function=Activation("abs")),
                 lambda bench, x: bench.op(Reshape, x=x, shape=then))




IDENTITIES: dict[str, Case] = {
    "axes of size 1 move": ((1, 4, 1, 6), moved(Transpose, permutation=(1, 0, 3, 2)),
                            "Unary Reshape Unary Reshape"),
    "axes that stay": ((1, 4, 6), moved(Transpose, permutation=(0, 1, 2)), "Unary Unary Reshape"),
    "axes that move": ((1, 4, 6), moved(Transpose, permutation=(0, 2, 1)),
                       "Unary Transpose Unary Reshape"),
    "all of it": ((1, 24), moved(Slice, starts=(0, 0), counts=(1, 24), steps=(1, 1)),
                  "Unary Unary Reshape"),
    "the first of it": ((1, 30), moved(Slice, starts=(0, 0), counts=(1, 24), steps=(1, 1)),
                        "Unary Slice Unary Reshape"),
    "all of it, backwards": ((1, 24), moved(Slice, starts=(0, 23), counts=(1, 24), steps=(1, -1)),
                             "Unary Slice Unary Reshape"),
    "as large as before": ((1, 24), moved(Expand, shape=(1, 24)), "Unary Unary Reshape"),
    "larger": ((1, 1, 24), moved(Expand, then=(1, 48), shape=(1, 2, 24)),
               "Unary Expand Unary Reshape"),
    "joined to nothing": ((1, 24), after(
        lambda bench, x: bench.op(Concat, xs=(x,), axis=1), gemm(2, 24)), "Gemm"),
    "joined": ((1, 4), after(
        lambda bench, x: bench.op(Concat, xs=(x, x), axis=1), gemm(2, 8)), "Concat Gemm"),
    "there and back": ((1, 24), after(
        gemm(24, 24), shaped(4, 6), shaped(24, 1), shaped(1, 24), gemm(2, 24)), "Gemm Gemm"),
    "a result": ((1, 6), after(gemm(6, 6), shaped(2, 3), shaped(1, 6)), "Gemm Reshape"),
}



@pytest.mark.parametrize("name", IDENTITIES)
def test_movements_that_move_nothing(name: str) -> None:
    program = built(IDENTITIES[name])
    made = remove_dead_code(remove_identities(program))
    assert kinds(made) == IDENTITIES[name][2]
    same(program, made)


def swapping(bench: zoo.Bench) -> tuple[str, str]:
    """Two states that take each other's places at each step."""
    first, second = (bench.builder.state(name, (1, 2)) for name in "ab")
    bench.builder.carry(first, second)
    bench.builder.carry(second, first)
    return first, second


def test_results_have_memory_of_their_own() -> None:
    """What the caller or a state holds is copied; each such value once."""
    bench = zoo.Bench((1, 2))
    first, second = swapping(bench)
    kept = bench.builder.state("kept", (1, 2))
    bench.builder.carry(kept, bench.op(Reshape, x=kept, shape=(1, 2)))
    y = bench.op(Binary, a=first, b=bench.op(
        Binary, a=second, b=kept, function="add"), function="mul")
    base = begun(bench.program(y))
    seen = bench.op(Reshape, x=bench.x, shape=(2, 1))
    program = base.with_ops(
        tuple(bench.builder.ops), bench.builder.constants,
        outputs=(y, bench.x, seen, first), output_names=("logits", "x", "seen", "first"))
    made = separate_results(program)
    assert len(made.ops) - len(program.ops) == 4  # the observation twice, of two shapes; a; b
    own = {name for op in made.ops[len(program.ops):] for name in op.outputs}
    assert own == {*made.outputs[1:], *(state.output for state in made.states[:2])}
    assert made.states[2] == program.states[2]
    same(program, made)
    assert separate_results(made) is made


def test_a_state_that_the_observation_becomes_is_a_copy() -> None:
    bench = zoo.Bench((1, 2))
    before = bench.builder.state("before", (1, 2))
    bench.builder.carry(before, bench.x)
    program = begun(bench.program(bench.op(Binary, a=bench.x, b=before, function="sub")))
    made = separate_results(program)
    assert kinds(made) == "Binary Slice" and made.states[0].output == made.ops[-1].outputs[0]
    same(program, made)
    assert separate_results(made) is made


@pytest.mark.parametrize("read", [False, True])
def test_states_take_the_shape_that_is_worked_with(read: bool) -> None:
    """Where every reader wants it in that shape, and the outside does not see it."""
    bench = zoo.Bench((1, 4))
    state = bench.builder.state("s", (2, 2))
    flat = bench.op(Reshape, x=state, shape=(1, 4))
    y = bench.op(Binary, a=flat, b=bench.x, function="add")
    bench.builder.carry(state, bench.op(Reshape, x=y, shape=(2, 2)))
    program = begun(bench.program(y))
    if read:
        program = replace(program, outputs=(y, flat), output_names=("logits", "flat"))
    made = reshape_states(program)
    assert (made is program) == read
    assert made.states[0].initial.shape == ((2, 2) if read else (1, 4))
    same(program, made)


@pytest.mark.parametrize("kept", [(), ("relu",)])
def test_functions_are_fused_and_split(kept: tuple[str, ...]) -> None:
    bench = zoo.Bench((1, 3))
    y = bench.x
    for function in "relu", "tanh":
        y = bench.op(Unary, x=gemm(3, 3)(bench, y), function=Activation(function))
    program = bench.program(y)
    fused = fuse_activations(program, kept or None)
    assert kinds(fused) == ("Gemm Gemm Unary" if kept else "Gemm Gemm")
    split = split_activations(fuse_activations(program), kept)
    assert kinds(split) == ("Gemm Gemm Unary" if kept else "Gemm Unary Gemm Unary")
    for other in fused, split, split_activations(split):
        same(program, other)


def test_only_constants_are_computed() -> None:
    bench = zoo.Bench((1, 3))
    one, two = number(bench, [1, 2, 3]), number(bench, [0, 1, 2])
    whole = bench.op(Binary, a=one, b=two, function="div")  # 1 / 0 is for its reader to refuse
    half = bench.op(Binary, a=bench.x, b=bench.op(
        Binary, a=whole, b=two, function="max"), function="min")
    program = bench.program(half)
    made = fold_constants(program)
    assert kinds(made) == "Binary" and fold_constants(made) is made
    same(program, made)


def test_names_and_numbers_of_float32() -> None:
    assert [unused("a", taken) for taken in ((), ("a",), ("a", "a_"))] == ["a", "a_", "a__"]
    largest, smallest = float(np.finfo(np.float32).max), float(np.finfo(np.float32).tiny)
    for value, too_large, fits in (
            (largest, False, True), (-largest, False, True), (2 * largest, True, False),
            (0.0, False, True), (smallest, False, True), (-smallest, False, True),
            (smallest / 2, False, False), (1e-60, False, False)):
        array = np.float64([1, value])
        assert overflows(np.float64([2]), array) == too_large, value
        assert fits_float32(np.float64([2]), array) == fits, value


def test_the_pipeline_ends() -> None:
    """A Program that went through it stays as it is."""
    for case in (IDENTITIES["there and back"], ((1, 2), after(norm, norm, norm), ""),
                 ((1, 3), after(gemm(4, 3), norm, gemm(2, 4)), "")):
        program = optimize(built(case))
        assert kinds(optimize(program)) == kinds(program)
