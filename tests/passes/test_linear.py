# SPDX-License-Identifier: MIT
"""Linear layers in a row and side by side become one where that is no more work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from puffer_edge.ir import Activation
from puffer_edge.ir.ops import (
    Binary,
    Concat,
    Gemm,
    Reshape,
)
from puffer_edge.passes import (
    join_linear,
    merge_linear,
    remove_dead_code,
)
from tests import zoo
from tests.passes.graphs import (
    Body,
    Case,
    after,
    built,
    gemm,
    kinds,
    same,
)


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
