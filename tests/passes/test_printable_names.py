# SPDX-License-Identifier: MIT
"""Names and words of a file as Python would write them; no two names become one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Program
from puffer_edge.ir.ops import Gemm
from puffer_edge.passes.printable_names import printable_names
from tests import zoo


def named(*names: str, layer: str = "") -> Program:
    """A chain of layers whose values have these names."""
    bench = zoo.Bench((1, 2))
    y = bench.x
    for name in names:
        y = bench.op(Gemm, x=y, weight=bench.weight(2, 2), name=name, layer=layer)
    return bench.program(y)


@pytest.mark.parametrize(("names", "printed"), [
    (("plain", "ä_1"), None),
    (("a\x1b",), ("a\\x1b",)),
    (("a\\x1b", "a\x1b"), ("a\\x1b", "a\\x1b_2")),
    (("a\\x1b_2", "a\x1b", "a\\x1b"), ("a\\x1b_2", "a\\x1b_3", "a\\x1b")),
    (("w" * 200,), None),
])
def test_names_stay_apart(names: tuple[str, ...], printed: tuple[str, ...] | None) -> None:
    program = named(*names)
    made = printable_names(program)
    assert (made is program) == (printed is None)
    assert tuple(op.outputs[0] for op in made.ops) == (printed or names)
    assert made.values.keys() == {value.name for value in made.values.values()}
    x = np.float32([0.5, -2])
    assert np.array_equal(Interpreter(made).step(x)["logits"],
                          Interpreter(program).step(x)["logits"])


def test_states_go_along() -> None:
    program = zoo.program("lstm")
    renamed = {name: f"{name}\n" for name in program.values}
    strange = program.with_ops(
        [op.renamed(renamed) for op in program.ops],
        {renamed[name]: array for name, array in program.constants.items()},
        values={renamed[name]: replace(value, name=renamed[name])
                for name, value in program.values.items()},
        states=tuple(replace(state, input=renamed[state.input], output=renamed[state.output])
                     for state in program.states),
        input=renamed[program.input], outputs=tuple(renamed[name] for name in program.outputs))
    made = printable_names(strange)
    assert {name.removesuffix("\\n") for name in made.values} == set(program.values)
    runners, x = [Interpreter(each) for each in (program, made)], np.random.default_rng(0)
    for _ in range(3):
        row = x.standard_normal(program.contract.observation_size).astype(np.float32)
        assert np.array_equal(*(runner.step(row)["logits"] for runner in runners))


def test_long_names_are_cut_and_stay_apart() -> None:
    first, second = (op.outputs[0] for op in printable_names(named("w" * 200 + "a", "w" * 201)).ops)
    assert first != second
    for name in first, second:
        assert name.startswith("w" * 188 + "...") and len(name) == 199


def test_words_are_printable_and_not_too_long() -> None:
    program = named("y", layer="one\ttwo").noting("stated", "n" * 2000).noting("stated", "m" * 2001)
    program = replace(program, source="a\rfile", output_names=("logits\x07",))
    made = printable_names(program)
    assert made.source == "a\\rfile" and made.output_names == ("logits\\x07",)
    assert [op.layer for op in made.ops] == ["one\\ttwo"]
    assert [note.text for note in made.notes] == ["n" * 2000, "m" * 2000 + "..."]
    for changed in ({"layer": "one\ttwo"}, {}):
        assert (printable_names(named("y", **changed)).ops[0].layer == "") == (not changed)
