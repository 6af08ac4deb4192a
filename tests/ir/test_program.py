# SPDX-License-Identifier: MIT
"""Programs are well formed, and the builder and the interpreter refuse what is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError, ProgramError, UsageError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Continuous, Discrete, Value
from puffer_edge.ir.op import OPS
from puffer_edge.ir.ops import Binary, Gemm
from tests import zoo


def test_a_value_is_read_after_it_is_made() -> None:
    program = zoo.program("mlp")
    with pytest.raises(ProgramError, match="before it is made"):
        program.with_ops(reversed(program.ops))


def test_a_value_is_made_once() -> None:
    program = zoo.program("mlp")
    with pytest.raises(ProgramError, match="twice"):
        program.with_ops((*program.ops, program.ops[-1]))


def test_every_result_is_made() -> None:
    program = zoo.program("mlp")
    with pytest.raises(ProgramError, match="never made"):
        program.with_ops(program.ops[:1], outputs=("nothing",))


def test_the_contract_fits_the_graph() -> None:
    program = zoo.program("mlp")
    for action in (Discrete((4,)), Continuous(6)):
        with pytest.raises(ProgramError, match="action"):
            replace(program, contract=replace(program.contract, action=action)).checked()


def test_a_state_keeps_its_shape() -> None:
    bench = zoo.Bench((1, 3))
    bench.builder.carry(bench.builder.state("s", (1, 2)), bench.x)
    with pytest.raises(ProgramError, match="shape"):
        bench.program(bench.op(Gemm, x=bench.x, weight=bench.weight(2, 3)))


def test_shapes_that_do_not_fit_are_refused_by_every_op() -> None:
    bench = zoo.Bench((1, 3))
    with pytest.raises(ProgramError, match="does not fit"):
        bench.op(Gemm, x=bench.x, weight=bench.weight(2, 4))
    with pytest.raises(ProgramError, match="broadcast"):
        bench.op(Binary, a=bench.x, b=bench.weight(1, 2), function="add")
    with pytest.raises(ProgramError, match="empty"):
        Value("x", (1, 0))
    with pytest.raises(ProgramError, match="dtype"):
        Value("x", (1,), "complex64")


def test_nan_weights_are_refused() -> None:
    bench = zoo.Bench((1, 3))
    with pytest.raises(FileFormatError, match="NaN"):
        bench.builder.constant(np.array([1.0, np.nan]), "layer.weight")


def test_every_op_has_documentation_and_infers_what_it_evaluates() -> None:
    assert all(kind.__doc__ for kind in OPS.values())
    for case in [*zoo.CASES, *zoo.QUANTIZED]:
        program = zoo.program(case)
        size = program.contract.observation_size
        values = Interpreter(program).values(np.linspace(-2, 2, size))
        for name, array in values.items():
            assert array.shape == program.values[name].shape, name
            assert str(array.dtype) == program.values[name].dtype, name


@pytest.mark.parametrize("observation", [[1.0, 2.0], [np.nan] * 6, [np.inf] * 6])
def test_the_interpreter_refuses_bad_observations(observation: list[float]) -> None:
    interpreter = Interpreter(zoo.program("lstm"))
    before = {name: array.copy() for name, array in interpreter.state.items()}
    with pytest.raises(UsageError):
        interpreter.step(np.array(observation))
    assert all(np.array_equal(before[name], array) for name, array in interpreter.state.items())


def test_reset_gives_the_first_step_again() -> None:
    interpreter = Interpreter(zoo.program("gru"))
    observation = np.linspace(-1, 1, 5)
    first = interpreter.step(observation)["logits"]
    assert not np.array_equal(first, interpreter.step(observation)["logits"])
    interpreter.reset()
    assert np.array_equal(first, interpreter.step(observation)["logits"])


def test_the_lowest_of_equal_logits_wins() -> None:
    assert Discrete((2, 3)).act(np.float32([1, 1, 0, 2, 2])).tolist() == [0, 1]


def test_continuous_actions_need_bounds_to_be_rescaled() -> None:
    with pytest.raises(ProgramError):
        Continuous(2, rescale=True)
    with pytest.raises(ProgramError):
        Continuous(2, low=(0.0,), high=(1.0,))
