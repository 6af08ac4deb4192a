# SPDX-License-Identifier: MIT
"""What each rewrite leaves of small graphs: the ops by name, and numbers that stay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import (
    BatchNormalization,
    Binary,
    Concat,
    Conv,
    Expand,
    Gemm,
    Reshape,
    Slice,
    Transpose,
    Unary,
)
from puffer_edge.passes import (
    canonicalize_affine,
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
    separate_results,
    split_activations,
)
from puffer_edge.passes.constants import fits_float32, overflows, unused
from tests import zoo

Body = Callable[[zoo.Bench], str]
Case = tuple[tuple[int, ...], Body, str]
"""Shape of the observation, a graph, and the ops that are left of it."""


def number(bench: zoo.Bench, value: float | list[float] | np.ndarray) -> str:
    return bench.builder.constant(np.asarray(value, np.float32))


def binary(function: str, a: object, b: object) -> Body:
    """An op of the observation ("x") and constants."""
    def body(bench: zoo.Bench) -> str:
        left, right = (bench.x if each == "x" else number(bench, each) for each in (a, b))
        return bench.op(Binary, a=left, b=right, function=function)
    return body


def after(*bodies: Callable[[zoo.Bench, str], str]) -> Body:
    """One after the other."""
    def body(bench: zoo.Bench) -> str:
        y = bench.x
        for each in bodies:
            y = each(bench, y)
        return y
    return body


def gemm(outputs: int, inputs: int, bias: bool = True, **fields: object
         ) -> Callable[[zoo.Bench, str], str]:
    return lambda bench, x: bench.op(Gemm, x=x, weight=bench.weight(outputs, inputs), **fields,
                                     **({"bias": bench.weight(outputs)} if bias else {}))


def norm(bench: zoo.Bench, x: str) -> str:
    channels = bench.builder.shape(x)[1]
    return bench.op(BatchNormalization, x=x, scale=bench.weight(channels),
                    shift=bench.weight(channels))


def shaped(*shape: int) -> Callable[[zoo.Bench, str], str]:
    return lambda bench, x: bench.op(Reshape, x=x, shape=shape)


def conv(filters: int, channels: int, group: int = 1, pads: tuple[int, ...] = (0, 0, 0, 0)
         ) -> Callable[[zoo.Bench, str], str]:
    return lambda bench, x: bench.op(
        Conv, x=x, weight=bench.weight(filters, channels // group, 2, 2), strides=(1, 1),
        pads=pads, dilations=(1, 1), group=group, bias=bench.weight(filters))


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


def kinds(program: Program) -> str:
    return " ".join(type(op).__name__ for op in program.ops)


def same(program: Program, other: Program, tolerance: float = 0.0) -> None:
    """Outputs over a sequence; the states may differ."""
    random = np.random.default_rng(5)
    first, second = Interpreter(program), Interpreter(other)
    for _ in range(6):
        x = random.standard_normal(program.contract.observation_size).astype(np.float32)
        for one, two in zip(first.step(x).values(), second.step(x).values(), strict=True):
            assert np.allclose(one, two, rtol=0, atol=tolerance)


def begun(program: Program) -> Program:
    """With states that begin with numbers of their own."""
    return replace(program, states=tuple(
        replace(state, initial=np.arange(state.initial.size, dtype=np.float32).reshape(
            state.initial.shape) + 10 * index + 1)
        for index, state in enumerate(program.states)))


def built(case: Case) -> Program:
    bench = zoo.Bench(case[0])
    y = case[1](bench)
    if bench.builder.shape(y)[:-1] != (1,):
        y = bench.op(Reshape, x=y, shape=(1, int(np.prod(bench.builder.shape(y)))))
    return bench.program(y)


@pytest.mark.parametrize("name", IDENTITIES)
def test_movements_that_move_nothing(name: str) -> None:
    program = built(IDENTITIES[name])
    made = remove_dead_code(remove_identities(program))
    assert kinds(made) == IDENTITIES[name][2]
    same(program, made)


LARGE = 3e38
NORM = "BatchNormalization"
AFFINE: dict[str, Case] = {
    "a sum": ((1, 3), binary("add", "x", [1, 2, 3]), NORM),
    "a sum with one number": ((1, 3), binary("add", 2, "x"), NORM),
    "a difference": ((1, 3), binary("sub", "x", [1, 2, 3]), NORM),
    "taken from a constant": ((1, 3), binary("sub", [1, 2, 3], "x"), NORM),
    "a product": ((1, 3), binary("mul", [1, 2, 3], "x"), NORM),
    "a quotient": ((1, 3), binary("div", "x", [1, 2, 4]), NORM),
    "a divided constant": ((1, 3), binary("div", [1, 2, 3], "x"), "Binary"),
    "a quotient by zero": ((1, 3), binary("mul", "x", [0, 2, 3]), NORM),
    "a bound": ((1, 3), binary("max", "x", [1, 2, 3]), "Binary"),
    "per channel": ((1, 3, 2), binary("mul", "x", [[[1], [2], [3]]]), f"{NORM} Reshape"),
    "per channel, of lower rank": ((1, 3, 2), binary("mul", "x", [[1], [2], [3]]),
                                   f"{NORM} Reshape"),
    "per column": ((1, 3, 2), binary("mul", "x", [1, 2]), "Binary Reshape"),
    "per element": ((1, 3, 2), binary("mul", "x", [[1, 2], [3, 4], [5, 6]]), "Binary Reshape"),
    "of both": ((1, 3), binary("add", "x", "x"), "Binary"),
    "larger than before": ((1, 1), binary("add", "x", [1, 2, 3]), "Binary"),
    "too large for one": ((1, 2), after(
        lambda bench, x: bench.op(Binary, a=x, b=number(bench, 1e30), function="mul"),
        lambda bench, x: bench.op(Binary, a=x, b=number(bench, 1e30), function="mul")),
        f"{NORM} {NORM}"),
    "two": ((1, 2), after(norm, norm), NORM),
    "three": ((1, 2), after(norm, norm, norm), NORM),
    "a function between": ((1, 2), after(
        norm, lambda bench, x: bench.op(Unary, x=x, function=Activation("tanh")), norm),
        f"{NORM} Unary {NORM}"),
    "read twice": ((1, 2), after(norm, lambda bench, x: bench.op(
        Binary, a=x, b=norm(bench, x), function="add")), f"{NORM} {NORM} Binary"),
    "a large mean": ((1, 2), after(
        lambda bench, x: bench.op(Binary, a=x, b=number(bench, 101325), function="sub"),
        lambda bench, x: bench.op(Binary, a=x, b=number(bench, 0.01), function="div")),
        f"{NORM} {NORM}"),
}


@pytest.mark.parametrize("name", AFFINE)
def test_affine_ops_are_one_kind(name: str) -> None:
    """Off by three roundings of numbers below 64; those of 1e5 and infinities are left alone."""
    program = built(AFFINE[name])
    made = remove_dead_code(canonicalize_affine(program))
    assert kinds(made) == AFFINE[name][2]
    if name not in ("too large for one", "a large mean"):
        same(program, made, 3 * 64 * 2.0**-24)


def test_an_affine_op_that_is_a_result_stays() -> None:
    bench = zoo.Bench((1, 3))
    first = norm(bench, bench.x)
    program = bench.program(norm(bench, first))
    both = replace(program, outputs=(*program.outputs, first), output_names=("logits", "first"))
    made = canonicalize_affine(both)
    assert kinds(made) == f"{NORM} {NORM}"
    same(both, made)


FOLDED: dict[str, Case] = {
    "before a layer": ((1, 3), after(norm, gemm(2, 3)), "Gemm"),
    "before a layer without a bias": ((1, 3), after(norm, gemm(2, 3, bias=False)), "Gemm"),
    "after a layer": ((1, 3), after(gemm(2, 3), norm), "Gemm"),
    "after a layer with a function": ((1, 3), after(
        gemm(2, 3, activation=Activation("relu")), norm), f"Gemm {NORM}"),
    "between layers": ((1, 3), after(gemm(4, 3), norm, gemm(2, 4)), "Gemm Gemm"),
    "before a convolution": ((1, 2, 3, 3), after(norm, conv(3, 2)), "Conv Reshape"),
    "before one of groups": ((1, 2, 3, 3), after(norm, conv(4, 2, group=2)),
                             f"{NORM} Conv Reshape"),
    "after one of groups": ((1, 2, 3, 3), after(conv(4, 2, group=2), norm), "Conv Reshape"),
    "before a padded one": ((1, 2, 3, 3), after(norm, conv(3, 2, pads=(0, 0, 0, 1))),
                            f"{NORM} Conv Reshape"),
    "after a padded one": ((1, 2, 3, 3), after(conv(3, 2, pads=(0, 0, 0, 1)), norm),
                           "Conv Reshape"),
    "reshaped, before a convolution": ((1, 18), after(norm, shaped(1, 2, 3, 3), conv(3, 2)),
                                       f"{NORM} Reshape Conv Reshape"),
    "reshaped, before a layer": ((1, 2, 3), after(norm, shaped(1, 6), gemm(2, 6)),
                                 "Reshape Gemm"),
    "in rows, before a layer": ((1, 2, 3), after(norm, shaped(2, 3), gemm(2, 3)),
                                f"{NORM} Reshape Gemm Reshape"),
    "before a function": ((1, 3), after(
        norm, lambda bench, x: bench.op(Unary, x=x, function=Activation("tanh"))),
        f"{NORM} Unary"),
    "alone": ((1, 3), after(norm), NORM),
    "twice": ((1, 3), after(norm, norm, gemm(2, 3)), "Gemm"),
    "read twice after a layer": ((1, 3), after(gemm(2, 3), lambda bench, x: bench.op(
        Binary, a=x, b=norm(bench, x), function="mul")), f"Gemm {NORM} Binary"),
    "read twice through a reshape": ((1, 2, 2), after(norm, shaped(1, 4), lambda bench, x: bench.op(
        Binary, a=x, b=gemm(4, 4)(bench, x), function="mul")), f"{NORM} Reshape Gemm Binary"),
    "of a bias": ((1, 2), lambda bench: bench.op(
        Gemm, x=bench.x, weight=bench.weight(2, 2),
        bias=bench.op(Reshape, x=norm(bench, bench.x), shape=(2,))), f"{NORM} Reshape Gemm"),
}


@pytest.mark.parametrize("name", FOLDED)
def test_norms_go_into_layers(name: str) -> None:
    """Sums of at most 19 products below 16, each rounded twice on both sides."""
    program = built(FOLDED[name])
    made = fold_normalization(program)
    assert kinds(made) == FOLDED[name][2]
    assert bool(made.notes) == (NORM not in kinds(made))
    same(program, made, 4 * 19 * 16 * 2.0**-24)


@pytest.mark.parametrize(("shift", "weight", "folds"), [
    (1.0, 1.0, True), (64.0, 1.0, True), (65.0, 1.0, False), (8.0, 8.0, True),
    (-8.0, 9.0, False), (0.0, 3e38, True)])
def test_what_cancels_is_not_folded(shift: float, weight: float, folds: bool) -> None:
    """Sums of large products would be left with the last bits of large numbers."""
    bench = zoo.Bench((1, 1))
    y = bench.op(BatchNormalization, x=bench.x, scale=number(bench, [1]),
                 shift=number(bench, [shift]))
    y = bench.op(Gemm, x=y, weight=number(bench, [[weight], [1]]))
    assert (kinds(fold_normalization(bench.program(y))) == "Gemm") == folds


def test_a_layer_that_is_a_result_keeps_its_norm() -> None:
    bench = zoo.Bench((1, 3))
    raw = gemm(2, 3)(bench, bench.x)
    program = bench.program(norm(bench, raw))
    both = replace(program, outputs=(*program.outputs, raw), output_names=("logits", "raw"))
    assert kinds(fold_normalization(both)) == f"Gemm {NORM}"
    assert kinds(fuse_activations(both)) == f"Gemm {NORM}"


def joined(place: int, axis: int = 1, shape: tuple[int, ...] = (1, 2)) -> Body:
    """A constant beside the observation, and a layer."""
    def body(bench: zoo.Bench) -> str:
        xs = [bench.x, bench.x]
        xs.insert(place, bench.weight(*shape))
        y = bench.op(Concat, xs=tuple(xs), axis=axis)
        return bench.op(Gemm, x=y, weight=bench.weight(2, bench.builder.shape(y)[-1]))
    return body


PARTS: dict[str, Case] = {
    "first": ((1, 3), joined(0), "Concat Gemm"),
    "between": ((1, 3), joined(1), "Concat Gemm"),
    "last": ((1, 3), joined(2), "Concat Gemm"),
    "of several rows": ((2, 3), joined(1, 1, (2, 2)), "Concat Gemm Reshape"),
    "as rows": ((1, 3), joined(1, 0, (1, 3)), "Concat Gemm Reshape"),
}


@pytest.mark.parametrize("name", PARTS)
def test_constants_beside_the_inputs(name: str) -> None:
    """Off by the roundings of nine products below 8."""
    program = built(PARTS[name])
    made = fold_constant_parts(program)
    assert kinds(made) == PARTS[name][2]
    assert (made.macs < program.macs) == bool(made.notes) == ("row" not in name)
    assert all("2 constants" in note.text for note in made.notes)
    same(program, made, 2 * 9 * 8 * 2.0**-24)


@pytest.mark.parametrize(("widths", "left"), [
    ((4, 2, 4), 1), ((4, 2, 3), 1), ((2, 1, 2), 1), ((3, 1, 2), 2), ((4, 1, 4), 2)])
def test_matrices_are_merged_where_that_is_no_more(widths: tuple[int, ...], left: int) -> None:
    """Of 4-2-4, 4 * 4 products take the place of 2 * (4 + 4)."""
    first, middle, last = widths
    program = built(((1, first), after(gemm(middle, first), gemm(last, middle)), ""))
    merged = merge_linear(program)
    assert len(merged.ops) == left
    same(program, merged, 64 * 2.0**-24)


@pytest.mark.parametrize("other", ["read", "a result", "computed"])
def test_matrices_that_something_else_needs_stay(other: str) -> None:
    bench = zoo.Bench((1, 4))
    bias = {"bias": bench.op(Reshape, x=bench.op(Gemm, x=bench.x, weight=bench.weight(2, 4)),
                             shape=(2,))} if other == "computed" else {}
    first = bench.op(Gemm, x=bench.x, weight=bench.weight(2, 4), **bias)
    second = bench.op(Gemm, x=first, weight=bench.weight(2, 2))
    if other == "read":
        second = bench.op(Binary, a=second, b=first, function="add")
    program = bench.program(second)
    if other == "a result":
        program = replace(program, outputs=(second, first), output_names=("logits", "first"))
    assert merge_linear(program) is program


def heads(axis: int = 1, second: Activation | None = None, twice: bool = False) -> Body:
    def body(bench: zoo.Bench) -> str:
        parts = [gemm(3, 4)(bench, bench.x),
                 gemm(3, 4, bias=False, activation=second)(bench, bench.x)]
        return bench.op(Concat, xs=(parts[0], parts[0]) if twice else tuple(parts), axis=axis)
    return body


HEADS: dict[str, Case] = {
    "two": ((1, 4), heads(), "Gemm"),
    "of two functions": ((1, 4), heads(second=Activation("relu")), "Gemm Gemm Concat"),
    "one twice": ((1, 4), heads(twice=True), "Gemm Concat"),
    "as rows": ((1, 4), heads(axis=0), "Gemm Gemm Concat Reshape"),
    "beside the observation": ((1, 4), lambda bench: bench.op(
        Concat, xs=(gemm(3, 4)(bench, bench.x), bench.x), axis=1), "Gemm Concat"),
    "both beside the observation": ((1, 4), lambda bench: bench.op(
        Concat, xs=(gemm(3, 4)(bench, bench.x), gemm(2, 4)(bench, bench.x), bench.x), axis=1),
        "Gemm Gemm Concat"),
    "alone": ((1, 4), lambda bench: bench.op(
        Concat, xs=(gemm(3, 4)(bench, bench.x),), axis=1), "Gemm Concat"),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads_are_one_matrix(name: str) -> None:
    program = remove_dead_code(built(HEADS[name]))
    made = join_linear(program)
    assert kinds(made) == HEADS[name][2]
    same(program, made)


def test_heads_that_are_results_stay() -> None:
    bench = zoo.Bench((1, 4))
    parts = [gemm(3, 4)(bench, bench.x), gemm(2, 4)(bench, bench.x)]
    program = bench.program(bench.op(Concat, xs=tuple(parts), axis=1))
    assert join_linear(replace(program, outputs=(*program.outputs, parts[1]),
                               output_names=("logits", "part"))).ops == program.ops


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
    for case in (IDENTITIES["there and back"], AFFINE["three"], FOLDED["between layers"],
                 PARTS["between"], HEADS["two"]):
        program = optimize(built(case))
        assert kinds(optimize(program)) == kinds(program)
