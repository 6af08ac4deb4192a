# SPDX-License-Identifier: MIT
"""The interpreter keeps what is its own, and chooses and compares as the C code does."""

from __future__ import annotations

import numpy as np
import pytest

from puffer_edge.errors import FileFormatError
from puffer_edge.interpreter import Interpreter
from puffer_edge.ir import Discrete, ordered
from puffer_edge.ir.ops import Binary
from tests import zoo


def test_a_reused_observation_buffer_does_not_reach_the_state() -> None:
    interpreter = Interpreter(zoo.program("states_swap"))
    buffer = np.ones(3, np.float32)
    interpreter.step(buffer)
    buffer[:] = 7
    assert np.array_equal(interpreter.step(buffer)["logits"][-3:], [1, 1, 1])


def test_a_changed_output_does_not_reach_the_state() -> None:
    bench = zoo.Bench((1, 3))
    total = bench.builder.state("total", (1, 3))
    y = bench.op(Binary, a=total, b=bench.x, function="add")
    bench.builder.carry(total, y)
    interpreter = Interpreter(bench.program(y))
    interpreter.step(np.ones(3))["logits"][:] = 9
    assert np.array_equal(interpreter.step(np.ones(3))["logits"], [2, 2, 2])


def test_an_initial_state_is_what_the_device_has() -> None:
    bench = zoo.Bench((1, 3))
    state = bench.builder.state("state", (1, 3))
    bench.builder.carry(state, bench.x, np.full((1, 3), 0.1))
    assert bench.builder.states[0].initial.dtype == np.float32
    with pytest.raises(FileFormatError, match="state"):
        bench.builder.carry(state, bench.x, np.full((1, 3), np.inf))


@pytest.mark.parametrize(("logits", "choice"), [
    ([0.0, -0.0, 0.0], 0), ([1, np.nan, 2], 2), ([np.nan, 1, 2], 0), ([-np.inf, -np.inf], 0)])
def test_a_nan_is_never_larger(logits: list[float], choice: int) -> None:
    """As in argmax_f32.h: a NaN is passed over, unless nothing came before it."""
    raw = np.array(logits, np.float32)
    assert Discrete((len(logits),)).act(raw).tolist() == [choice]


@pytest.mark.parametrize("row", [[0.0, -0.0], [-0.0, 0.0] * 9, [1.0, np.nan, 0.5], [np.nan, 1.0]])
def test_extremes_keep_the_first_of_equals(row: list[float]) -> None:
    """The loop of reduce_f32.h; numpy's maximum may take either zero."""
    for choose, better in (ordered.largest, np.greater), (ordered.smallest, np.less):
        expected = np.float32(row[0])
        for value in np.float32(row[1:]):
            expected = value if better(value, expected) else expected
        assert choose(np.float32([row])).tobytes() == expected.tobytes()
