# SPDX-License-Identifier: MIT
"""A state of several layers becomes one of each, where its parts never meet; every bit stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Activation, Program
from puffer_edge.ir.ops import Binary, Concat, Gather, Gemm, Reshape, Slice, Split, Unary
from puffer_edge.passes import split_states
from tests import zoo

Take = Callable[[zoo.Bench, str, int], str]
"""Part number 0 or 1 of a state, in rows of three."""


def by_slice(bench: zoo.Bench, state: str, part: int) -> str:
    return bench.op(Slice, x=state, starts=(part, 0, 0), counts=(1, 1, 3), steps=(1, 1, 1))


def by_gather(bench: zoo.Bench, state: str, part: int) -> str:
    return bench.op(Gather, x=state, indices=(part,), axis=0)


def by_split(bench: zoo.Bench, state: str, part: int) -> str:
    return bench.builder.add_many(Split, ("", ""), x=state, axis=0, sizes=(1, 1))[part]


def scaled(bench: zoo.Bench, state: str, part: int) -> str:
    """As where an episode's end clears the state: times one number, then plus another."""
    factor = bench.op(Slice, x=bench.x, starts=(0, 0), counts=(1, 1), steps=(1, 1))
    factor = bench.op(Reshape, x=factor, shape=(1, 1, 1))
    state = bench.op(Binary, a=factor, b=state, function="mul")
    return bench.op(Binary, a=by_slice(bench, state, part),
                    b=bench.builder.constant(np.float32([[[0.25]]])), function="sub")


def across(bench: zoo.Bench, state: str, part: int) -> str:
    """A function of the whole state."""
    return by_slice(bench, bench.op(Unary, x=state, function=Activation("tanh")), part)


def middle(bench: zoo.Bench, state: str, part: int) -> str:
    """The last of the first layer and the first two of the second, for each."""
    flat = bench.op(Reshape, x=state, shape=(1, 1, 6))
    return bench.op(Slice, x=flat, starts=(0, 0, 2 - part), counts=(1, 1, 3), steps=(1, 1, 1))


def layers(take: Take, axis: int = 0, twice: bool = False) -> Program:
    """Two layers, each of which reads and makes its part of one state."""
    bench = zoo.Bench((1, 3))
    state = bench.builder.state("h", (2, 1, 3))
    y, made = bench.x, list[str]()
    for part in range(2):
        before = bench.op(Reshape, x=take(bench, state, part), shape=(1, 3))
        y = bench.op(Gemm, x=bench.op(Binary, a=y, b=before, function="add"),
                     weight=bench.weight(3, 3), activation=Activation("tanh"))
        made.append(bench.op(Reshape, x=y, shape=(1, 1, 3)))
    whole = bench.op(Concat, xs=(made[0], made[0]) if twice else tuple(made), axis=axis)
    if axis:
        whole = bench.op(Reshape, x=whole, shape=(2, 1, 3))
    bench.builder.carry(state, whole, np.arange(6, dtype=np.float32).reshape(2, 1, 3) / 8)
    return bench.program(y)


def same(program: Program, other: Program) -> None:
    first, second = Interpreter(program), Interpreter(other)
    for x in np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32):
        assert np.array_equal(first.step(x)["logits"], second.step(x)["logits"])


def sizes(program: Program) -> Sequence[tuple[int, ...]]:
    return [state.initial.shape for state in program.states]


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("take", [by_slice, by_gather, by_split, scaled])
def test_each_layer_has_its_own(take: Take, axis: int) -> None:
    """Joined along any axis: before it is nothing but ones."""
    program = layers(take, axis)
    made = split_states(program)
    assert sizes(made) == [(1, 1, 3), (1, 1, 3)]
    assert [state.initial.ravel().tolist() for state in made.states] == [
        [0, 1 / 8, 2 / 8], [3 / 8, 4 / 8, 5 / 8]]
    assert not any(isinstance(op, Concat | Slice) and "h" in op.operands for op in made.ops)
    same(program, made)


@pytest.mark.parametrize("take", [across, middle])
def test_parts_that_meet_stay_one(take: Take) -> None:
    program = layers(take)
    assert split_states(program) is program


def test_one_part_twice_stays_one() -> None:
    program = layers(by_slice, twice=True)
    assert split_states(program) is program


def test_a_state_that_is_a_result_stays_one() -> None:
    program = layers(by_slice)
    shown = replace(program, outputs=(*program.outputs, "h"), output_names=("logits", "h"))
    assert split_states(shown) is shown


def test_elements_that_alternate_stay() -> None:
    """Two rows joined side by side: the state's elements are of either layer in turn."""
    bench = zoo.Bench((1, 4))
    state = bench.builder.state("h", (2, 2))
    row = bench.op(Reshape, x=bench.op(Binary, a=bench.op(Reshape, x=state, shape=(1, 4)),
                                       b=bench.x, function="add"), shape=(2, 2))
    halves = [bench.op(Slice, x=row, starts=(0, part), counts=(2, 1), steps=(1, 1))
              for part in range(2)]
    bench.builder.carry(state, bench.op(Concat, xs=tuple(halves), axis=1))
    program = bench.program(bench.op(Reshape, x=row, shape=(1, 4)))
    assert split_states(program) is program


def test_parts_of_several_sizes_and_other_states() -> None:
    """One number and two, of one state among three; the others keep their places."""
    bench = zoo.Bench((1, 3))
    before, state, after = (bench.builder.state(name, (1, 3)) for name in ("a", "h", "z"))
    parts = [bench.op(Slice, x=state, starts=(0, start), counts=(1, count), steps=(1, 1))
             for start, count in ((0, 1), (1, 2))]
    made = [bench.op(Unary, x=part, function=Activation(name))
            for part, name in zip(parts, ("tanh", "sigmoid"), strict=True)]
    y = bench.op(Concat, xs=(*reversed(made),), axis=1)
    y = bench.op(Binary, a=y, b=bench.op(Binary, a=before, b=after, function="sub"),
                 function="add")
    y = bench.op(Binary, a=y, b=bench.x, function="mul")
    bench.builder.carry(before, y, np.float32([[1, 2, 3]]))
    bench.builder.carry(state, bench.op(Concat, xs=tuple(made), axis=1), np.float32([[4, 5, 6]]))
    bench.builder.carry(after, bench.x)
    program = bench.program(y)
    split = split_states(program)
    assert sizes(split) == [(1, 3), (1, 1), (1, 2), (1, 3)]
    assert [state.input for state in split.states][::3] == ["a", "z"]
    same(program, split)
