# SPDX-License-Identifier: MIT
"""Affine ops become one kind, and go into the layers beside them where that keeps the numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from puffer_edge.ir import Activation
from puffer_edge.ir.ops import (
    BatchNormalization,
    Binary,
    Concat,
    Gemm,
    Reshape,
    Unary,
)
from puffer_edge.passes import (
    canonicalize_affine,
    fold_constant_parts,
    fold_normalization,
    fuse_activations,
    remove_dead_code,
)
from tests import zoo
from tests.passes.graphs import (
    Body,
    Case,
    after,
    binary,
    built,
    conv,
    gemm,
    kinds,
    norm,
    number,
    same,
    shaped,
)

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
    "a quotient by a subnormal": ((1, 3), binary("div", "x", [4e-39, 1, 2]), NORM),
    "a quotient by too small a one": ((1, 3), binary("div", "x", [2e-39, 1, 2]), "Binary"),
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
    if name not in ("too large for one", "a large mean") and "quotient by" not in name:
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
